"""Which passwords are refused."""

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.checks import run_checks
from django.core.exceptions import ValidationError
from django.test import Client

from apps.accounts.passwords import is_bent_common, is_listed
from tests.conftest import People
from tests.factories.people import PASSWORD

NEW = "copper otter lends a ladder"


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "P@ssw0rd!2026",
        "dragondragon",
        "!!sunshine!!99",
        "abcabcabcabc",
        "aaaaaaaaaaaa",
    ],
)
def test_common_ones_with_decoration(password: str) -> None:
    assert is_bent_common(password)
    with pytest.raises(ValidationError, match="stolen elsewhere"):
        validate_password(password)


@pytest.mark.parametrize(
    "password", [NEW, PASSWORD, "lights-on-the-quay", "7-Zurich-marmalade-kites"]
)
def test_good_ones_pass(password: str) -> None:
    validate_password(password)


def test_twelve_letters_are_enough_and_eleven_are_not() -> None:
    validate_password("quay7 lanter")
    with pytest.raises(ValidationError, match="at least 12"):
        validate_password("quay7 lante")


@pytest.fixture
def stolen(tmp_path: Path) -> Path:
    """3,000 lines in the shape of Have I Been Pwned's download: `HASH:count` in order, CRLF."""
    chance = random.Random(6)  # noqa: S311  # a sample, not a secret
    texts = ["tr0ub4dor&3 is not mine", *(f"stolen number {n}" for n in range(2999))]
    lines = sorted(
        f"{hashlib.sha1(text.encode()).hexdigest().upper()}:{10 ** chance.randint(0, 7)}"  # noqa: S324
        for text in texts
    )
    file = tmp_path / "stolen.txt"
    file.write_bytes("\r\n".join(lines).encode() + b"\r\n")
    return file


def test_every_line_of_the_operators_list_is_found_and_nothing_else(stolen: Path) -> None:
    missed = [n for n in range(2999) if not is_listed(f"stolen number {n}", stolen)]
    assert not missed
    assert not any(is_listed(f"nobody's number {n}", stolen) for n in range(2999))


def test_the_operators_list_is_asked(stolen: Path, settings: Any) -> None:
    validate_password("tr0ub4dor&3 is not mine")
    settings.SECOPS_BREACHED_PASSWORDS = str(stolen)
    assert not run_checks()
    with pytest.raises(ValidationError, match="stolen elsewhere"):
        validate_password("tr0ub4dor&3 is not mine")
    validate_password(NEW)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (None, "E001"),
        ("", "E002"),
        ("hunter2\n", "E002"),
        (f"{'B' * 40}:1\n{'A' * 40}:1\n", "E002"),
    ],
)
def test_a_list_that_cannot_be_used(
    text: str | None, number: str, settings: Any, tmp_path: Path
) -> None:
    file = tmp_path / "list.txt"
    if text is not None:
        file.write_text(text)
    settings.SECOPS_BREACHED_PASSWORDS = str(file)
    assert [found.id for found in run_checks()] == [f"accounts.{number}"]


def test_nobody_guesses_the_old_one_in_a_session_that_was_left_open(
    client: Client, people: People, settings: Any
) -> None:
    settings.SECOPS_RATE_SIGN_IN = "3/5minute"
    client.force_login(people.viewer)
    typed = {"new_password1": NEW, "new_password2": NEW}
    tries = [f"a guess, the {number}." for number in range(3)] + [PASSWORD]
    said = [
        client.post("/settings/security/password/", typed | {"old_password": each})
        for each in tries
    ]
    assert [each.status_code for each in said] == [422, 422, 422, 429]
    assert int(said[-1].headers["Retry-After"]) > 0
    people.viewer.refresh_from_db()
    assert people.viewer.check_password(PASSWORD)


def test_the_page_refuses_a_stolen_one(client: Client, people: People) -> None:
    client.post("/sign-in/", {"username": people.viewer.email, "password": PASSWORD})
    typed = {
        "old_password": PASSWORD,
        "new_password1": "P@ssw0rd!2026",
        "new_password2": "P@ssw0rd!2026",
    }
    page = client.post("/settings/security/password/", typed)
    assert "stolen elsewhere" in page.content.decode()
    people.viewer.refresh_from_db()
    assert people.viewer.check_password(PASSWORD)
    typed |= {"new_password1": NEW, "new_password2": NEW}
    assert client.post("/settings/security/password/", typed).status_code == 302
    assert not Client().login(username=people.viewer.email, password=PASSWORD)
