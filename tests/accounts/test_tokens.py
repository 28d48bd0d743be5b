"""API tokens: shown once, kept as a keyed hash, and of no use when they should not be."""

import datetime as dt
import hashlib
import hmac
import string
import zlib
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.actors import ANONYMOUS, Actor
from apps.accounts.models import ApiToken
from apps.accounts.roles import Scope
from apps.accounts.services.tokens import (
    token_authenticate,
    token_create_for_self,
    token_create_for_system,
    token_revoke,
)
from apps.audit.models import AuditEntry
from apps.common.errors import Invalid, Missing, NotPermitted
from tests.conftest import People
from tests.factories import actor_of, make_ci_token, make_token

pytestmark = pytest.mark.django_db
LETTERS = string.ascii_letters + string.digits


def check_of(body: str) -> str:
    """Six digits of CRC-32 (ISO 3309) to the base 62, the lowest first; worked out on its own."""
    number = zlib.crc32(body.encode("ascii")) & 0xFFFFFFFF
    return "".join(LETTERS[number // 62**place % 62] for place in range(6))


def text_of(key: str, rest: str) -> str:
    return f"secops_{key}.{rest}{check_of(f'{key}.{rest}')}"


# --- the text ------------------------------------------------------------------------------------


def test_the_shape_of_a_token(people: People) -> None:
    """secops_, 12 characters of key, a dot, 40 of chance, 6 of check: what scanners look for."""
    made = make_ci_token(people.system)
    key, _, rest = made.text.removeprefix("secops_").partition(".")
    assert (len(key), len(rest), key) == (12, 46, made.token.key)
    assert set(key + rest) <= set(LETTERS)
    assert made.text == text_of(key, rest[:40])


def test_no_two_are_alike(people: People) -> None:
    assert len({make_ci_token(people.system).text for _ in range(20)}) == 20


def test_only_a_keyed_hash_is_kept(people: People, settings: Any) -> None:
    made = make_token(people.viewer)
    expected = hmac.new(settings.SECRET_KEY.encode(), made.text.encode(), hashlib.sha256).digest()
    assert bytes(made.token.digest) == expected
    secret = made.text.partition(".")[2]
    with connection.cursor() as cursor:
        for table in ("accounts_apitoken", "audit_auditentry", "common_outboxevent"):
            cursor.execute(f"SELECT {table}::text FROM {table}")  # noqa: S608
            assert not any(secret[:20] in row for (row,) in cursor.fetchall())
    assert secret[:20] not in f"{made.token} {made.token!r}"


# --- use -----------------------------------------------------------------------------------------


def test_a_token_is_known_again(people: People) -> None:
    pipeline, own = make_ci_token(people.system), make_token(people.viewer, Scope.READ)
    found = token_authenticate(pipeline.text)
    assert found == pipeline.token
    assert (found.scope, found.system, found.user) == ("report:upload", people.system, None)
    found = token_authenticate(own.text)
    assert found is not None
    assert (found.scope, found.system, found.user) == ("read", None, people.viewer)


def test_what_is_no_token(people: People) -> None:
    text = make_ci_token(people.system).text
    key, rest = text.removeprefix("secops_").split(".")
    other = make_ci_token(people.system).text.removeprefix("secops_").split(".")[1]
    wrong = [
        "",
        "secops_",
        text[:-1],
        text + "x",
        " " + text,
        text + "\n",
        text.removeprefix("secops_"),
        text.replace("secops_", "SECOPS_"),
        text.swapcase(),
        text.replace(".", ":"),
        text[:30] + "\0" + text[31:],
        text[:30] + "é" + text[31:],
        "\N{CYRILLIC SMALL LETTER DZE}" + text[1:],  # looks the same
        "secops_" + "x" * 100_000,
        text[:-6] + "AAAAAA",  # another check
        text_of(key, other[:40]),  # a right check over the secret of another one
        text_of(key, "A" * 40),
        text_of("A" * 12, rest[:40]),  # a key that nobody has
    ]
    for each in wrong:
        assert token_authenticate(each) is None, each[:60]
    assert token_authenticate(text) is not None


@pytest.mark.parametrize("place", [7, 12, 25, 40, 60, 65])
def test_one_other_letter_is_another_token(place: int, people: People) -> None:
    text = make_ci_token(people.system).text
    other = "A" if text[place] != "A" else "B"
    assert token_authenticate(text[:place] + other + text[place + 1 :]) is None


def test_malformed_texts_are_not_looked_up(people: People, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert token_authenticate("secops_" + "a" * 12 + "." + "b" * 46) is None


def test_a_token_ends_on_its_day(people: People) -> None:
    made = make_ci_token(people.system)
    in_90_days = timezone.now() + dt.timedelta(days=90)
    assert abs(made.token.expires_at - in_90_days) < dt.timedelta(minutes=1)
    ApiToken.objects.update(expires_at=timezone.now() + dt.timedelta(seconds=5))
    assert token_authenticate(made.text) is not None
    ApiToken.objects.update(expires_at=timezone.now())
    assert token_authenticate(made.text) is None


def test_a_revoked_token_is_of_no_use_at_once(people: People) -> None:
    made = make_ci_token(people.system)
    token_revoke(actor=actor_of(people.system_admin), token=made.token)
    assert token_authenticate(made.text) is None
    first = ApiToken.objects.get().revoked_at
    token_revoke(actor=actor_of(people.system_admin), token=made.token)
    assert ApiToken.objects.get().revoked_at == first  # when it was revoked stays what it was
    assert AuditEntry.objects.filter(action="token.revoke").count() == 1


def test_who_left_takes_their_tokens_along(people: People) -> None:
    made = make_token(people.viewer)
    people.viewer.is_active = False
    people.viewer.save()
    assert token_authenticate(made.text) is None
    people.viewer.is_active = True
    people.viewer.save()
    assert token_authenticate(made.text) is not None


def test_use_is_noted_and_not_at_every_request(
    people: People, django_assert_num_queries: Any
) -> None:
    made = make_ci_token(people.system)
    token_authenticate(made.text)
    first = ApiToken.objects.get().last_used_at
    assert first is not None
    token_authenticate(made.text)
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=timezone.now() - dt.timedelta(minutes=2))
    token_authenticate(made.text)
    noted = ApiToken.objects.get().last_used_at
    assert noted is not None
    assert noted > first


# --- another key of the portal -------------------------------------------------------------------


def test_tokens_outlive_a_new_key_while_the_old_one_is_kept(people: People, settings: Any) -> None:
    old = make_ci_token(people.system)
    before = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key " * 5, [before]
    new = make_ci_token(people.system)
    assert token_authenticate(old.text) == old.token
    assert token_authenticate(new.text) == new.token
    settings.SECRET_KEY_FALLBACKS = []
    assert token_authenticate(old.text) is None
    assert token_authenticate(new.text) == new.token


# --- making --------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [0, -1, 91, 10_000])
def test_how_long_a_token_may_live(days: int, people: People) -> None:
    with pytest.raises(Invalid) as caught:
        token_create_for_self(actor=actor_of(people.viewer), name="ci", days=days)
    assert list(caught.value.fields) == ["days"]
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("name", ["", "  ", "\n"])
def test_a_token_has_a_name(name: str, people: People) -> None:
    with pytest.raises(Invalid) as caught:
        token_create_for_self(actor=actor_of(people.viewer), name=name)
    assert list(caught.value.fields) == ["name"]


def test_nobody_makes_a_pipelines_token_for_themselves(people: People) -> None:
    with pytest.raises(Invalid):
        token_create_for_self(actor=actor_of(people.viewer), name="ci", scope=Scope.REPORT_UPLOAD)


def test_tokens_do_not_make_tokens(people: People) -> None:
    own = Actor(user=people.admin, token=make_token(people.admin).token)
    pipeline = Actor(token=make_ci_token(people.system).token)
    for actor in (own, pipeline, ANONYMOUS):
        with pytest.raises(NotPermitted):
            token_create_for_self(actor=actor, name="more")
        with pytest.raises((NotPermitted, Missing)):
            token_create_for_system(
                actor=actor, system=people.system, system_id=people.system.pk, name="more"
            )
    assert ApiToken.objects.count() == 2


def test_who_makes_and_revokes_a_pipelines_token(people: People) -> None:
    made = make_ci_token(people.system)
    foreign = make_ci_token(people.other_system)
    for person, error in (
        (people.viewer, NotPermitted),
        (people.architect, NotPermitted),
        (people.security, NotPermitted),
        (people.chief, NotPermitted),
        (people.outsider, Missing),
        (people.nobody, Missing),
    ):
        with pytest.raises(error):
            token_create_for_system(
                actor=actor_of(person), system=people.system, system_id=people.system.pk, name="ci"
            )
        with pytest.raises(error):
            token_revoke(actor=actor_of(person), token=made.token)
    with pytest.raises(Missing):
        token_revoke(actor=actor_of(people.system_admin), token=foreign.token)
    token_create_for_system(
        actor=actor_of(people.system_admin),
        system=people.system,
        system_id=people.system.pk,
        name="ci",
    )
    entry = AuditEntry.objects.filter(action="token.create").latest("id")
    assert (entry.user, entry.system_id) == (people.system_admin, people.system.pk)


def test_one_revokes_ones_own_tokens_and_no_one_elses(people: People) -> None:
    mine, hers = make_token(people.viewer), make_token(people.architect)
    token_revoke(actor=actor_of(people.viewer), token=mine.token)
    assert token_authenticate(mine.text) is None
    for person in (people.viewer, people.system_admin, people.chief):
        with pytest.raises(NotPermitted):
            token_revoke(actor=actor_of(person), token=hers.token)
    token_revoke(actor=actor_of(people.admin), token=hers.token)  # the organisation's
    assert token_authenticate(hers.text) is None
