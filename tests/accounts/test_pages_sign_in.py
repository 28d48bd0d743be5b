"""Signing in and out through the page."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import People
from tests.factories.people import PASSWORD

SIGN_IN = "/sign-in/"


def _sign_in(client: Client, email: str, password: str = PASSWORD, **more: str) -> object:
    return client.post(SIGN_IN, {"username": email, "password": password} | more)


def test_sign_in_by_e_mail_in_any_case(client: Client, people: People) -> None:
    response = _sign_in(client, people.viewer.email.upper())
    assert response.status_code == 302  # type: ignore[attr-defined]
    assert response["Location"] == "/"  # type: ignore[index]
    assert client.get("/").context["actor"].user == people.viewer


@pytest.mark.parametrize("case", ["wrong password", "unknown person", "inactive"])
def test_every_refusal_reads_the_same(client: Client, people: People, case: str) -> None:
    email, password = people.viewer.email, PASSWORD
    if case == "wrong password":
        password = "not this one"
    elif case == "unknown person":
        email = "stranger@example.org"
    else:
        people.viewer.is_active = False
        people.viewer.save()
    page = client.post(SIGN_IN, {"username": email, "password": password}).content.decode()
    assert "This e-mail address and password do not go together. Try again." in page
    focused = re.findall(r"<input [^>]*\bautofocus\b[^>]*>", page)
    assert ['name="password"' in each for each in focused] == [True]  # it is what is left to type
    assert f'value="{email}"' in page  # what was typed is kept, but for the password
    assert password not in page
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_one_begins_at_the_address(client: Client) -> None:
    for page in (client.get(SIGN_IN), client.post(SIGN_IN, {"username": "", "password": "x"})):
        focused = re.findall(r"<input [^>]*\bautofocus\b[^>]*>", page.content.decode())
        assert ['name="username"' in each for each in focused] == [True]


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/planning/?stage=code", "/planning/?stage=code"),
        ("https://evil.example/planning/", "/"),
        ("//evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_next_stays_on_this_host(client: Client, people: People, wanted: str, goes_to: str) -> None:
    response = _sign_in(client, people.viewer.email, next=wanted)
    assert response["Location"] == goes_to  # type: ignore[index]


def test_pages_ask_for_a_sign_in_and_come_back(client: Client, people: People) -> None:
    response = client.get("/planning/?status=open")
    assert response["Location"] == "/sign-in/?next=/planning/%3Fstatus%3Dopen"
    page = client.get(response["Location"])
    assert page.context["next"] == "/planning/?status=open"


def test_sign_out_is_a_post(client: Client, people: People) -> None:
    client.force_login(people.viewer)
    assert client.get(reverse("sign-out")).status_code == 405
    assert client.get("/").status_code == 200
    assert client.post(reverse("sign-out"))["Location"] == SIGN_IN
    assert client.get("/").status_code == 302


def test_a_password_is_what_was_typed(client: Client, people: People) -> None:
    """No letter is cut off, trimmed or made small (OWASP ASVS 5.0, V6.2.8)."""
    password = "  Four Words of a Häfen, " + "and many more " * 8 + "Z "
    assert len(password) > 128
    people.viewer.set_password(password)
    people.viewer.save()
    for other in (password.strip(), password.lower(), password[:-2], password[:72], f"{password}x"):
        _sign_in(client, people.viewer.email, other)
        assert "_auth_user_id" not in client.session, other
    _sign_in(client, people.viewer.email, password)
    assert "_auth_user_id" in client.session
