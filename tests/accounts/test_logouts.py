"""Signing out that begins at the provider (OpenID Connect Back-Channel Logout 1.0), with real signatures."""

import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection
from django.test import Client

from apps.accounts.models import LogoutNotice, PersonSession, SignInProvider, User
from apps.accounts.roles import Role
from apps.accounts.services.factors import app_add
from apps.accounts.tasks import sweep
from apps.audit.models import AuditEntry
from apps.common.openid import signing_key
from tests.accounts.test_openid import BASE, connected, through
from tests.accounts.test_second_factor import RFC_SECRET, totp
from tests.factories import actor_of, make_user
from tests.openid import Provider, issuing

pytestmark = pytest.mark.django_db
EVENT = "http://schemas.openid.net/event/backchannel-logout"  # section 2.4
SUBJECT = "248289761001"
OUT = "/sign-in/with/harbour/logout/"


@pytest.fixture
def door(settings: Any) -> Iterator[Provider]:
    with issuing(settings) as server:
        settings.BASE_URL = BASE
        yield Provider(server)


@pytest.fixture
def row(door: Provider) -> SignInProvider:
    return connected(door)


@pytest.fixture
def vera() -> User:
    return make_user("Vera", email="vera@example.org", role=Role.VIEWER)


def claims(door: Provider, **other: Any) -> dict[str, Any]:
    """As the example of section 2.4; None leaves one out."""
    now = int(time.time())
    return {
        "iss": door.url,
        "sub": SUBJECT,
        "aud": door.client_id,
        "iat": now,
        "exp": now + 120,
        "jti": uuid.uuid4().hex,
        "events": {EVENT: {}},
    } | other


def told(door: Provider, token: str = "", **other: Any) -> Any:
    """The provider calls; it has no cookie, and CSRF is checked."""
    text = token or door.signed(claims(door, **other), typ="logout+jwt")
    return Client(enforce_csrf_checks=True).post(OUT, {"logout_token": text})


def came(door: Provider, sid: str | None = None) -> Client:
    door.who = {"sid": sid}
    client = Client()
    assert through(door, client).status_code == 302
    assert is_in(client)
    return client


def is_in(client: Client) -> bool:
    return client.get("/planning/").status_code == 200


def test_a_person_is_signed_out_wherever_the_provider_let_it_in(
    door: Provider, row: SignInProvider, vera: User
) -> None:
    here, there = came(door, "one"), came(door)
    by_password = Client()
    by_password.force_login(vera)
    answer = told(door)
    assert (answer.status_code, answer.content) == (200, b"")
    assert "no-store" in answer["Cache-Control"]
    assert not is_in(here)
    assert not is_in(there)
    assert is_in(by_password)
    entry = AuditEntry.objects.get(action="session.end_by_provider")
    assert (entry.changes, entry.object_label) == ({"sessions": 2}, "Harbour")


def test_a_key_that_is_too_short(
    door: Provider, row: SignInProvider, vera: User, settings: Any
) -> None:
    client = came(door)
    settings.SECOPS_ISSUER_RSA_BITS = 3072
    answer = told(door)
    assert answer.status_code == 400
    assert "its RSA key has 2048 bits" in answer.json()["error_description"]
    assert is_in(client)


def test_no_transaction_waits_for_the_provider(
    door: Provider, row: SignInProvider, vera: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    came(door)
    outside, asked = len(connection.savepoint_ids), []

    def key(*words: Any) -> Any:
        asked.append(len(connection.savepoint_ids))
        return signing_key(*words)

    monkeypatch.setattr("apps.accounts.services.openid.signing_key", key)
    assert told(door).status_code == 200
    assert asked == [outside]


def test_one_session_by_its_name(door: Provider, row: SignInProvider, vera: User) -> None:
    first, second = came(door, "one"), came(door, "two")
    assert told(door, sid="one", sub=None).status_code == 200
    assert not is_in(first)
    assert is_in(second)
    # With the person beside it, and a session whose name was never told.
    unnamed = came(door)
    assert told(door, sid="three").status_code == 200
    assert not is_in(unnamed)
    assert is_in(second)
    assert told(door, sid="two", sub="somebody else").status_code == 200
    assert is_in(second)


def test_after_a_second_step_the_session_is_the_providers_too(
    door: Provider, row: SignInProvider, vera: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = time.time()
    app_add(actor=actor_of(vera), secret=RFC_SECRET, code=totp(RFC_SECRET, at), name="app")
    client = Client()
    assert through(door, client)["Location"] == "/sign-in/second/"
    later = at + 30
    monkeypatch.setattr("apps.accounts.services.factors.time.time", lambda: later)
    client.post("/sign-in/second/", {"code": totp(RFC_SECRET, later)})
    assert is_in(client)
    assert PersonSession.objects.get().identity is not None
    told(door)
    assert not is_in(client)


WRONG: list[dict[str, Any]] = [
    {"iss": "https://evil.example.org"},
    {"iss": None},
    {"aud": "another"},
    {"aud": None},
    {"exp": 1},
    {"exp": None},
    {"iat": 1},
    {"iat": None},
    {"iat": "yesterday"},
    {"jti": None},
    {"jti": "x" * 256},
    {"jti": "\x00"},
    {"events": None},
    {"events": {}},
    {"events": []},
    {"events": {EVENT: "yes"}},
    {"events": {"http://schemas.openid.net/event/other": {}}},
    {"nonce": "n"},
    {"sub": None},
    {"sub": "", "sid": ""},
    {"sub": 5},
    {"sid": ["one"]},
    {"sid": "x" * 256},
]


def test_what_is_no_logout_token(door: Provider, row: SignInProvider, vera: User) -> None:
    client = came(door, "one")
    for wrong in WRONG:
        answer = told(door, **wrong)
        assert answer.status_code == 400, wrong
        assert answer.json()["error"] == "invalid_request"
    assert is_in(client)
    assert not LogoutNotice.objects.exists()


def test_a_token_that_another_signed_or_nobody(
    door: Provider, row: SignInProvider, vera: User
) -> None:
    import jwt

    client = came(door)
    good, typ = claims(door), {"typ": "logout+jwt"}
    unsigned = jwt.encode(good, "", algorithm="none", headers=typ)
    shared = jwt.encode(good, door.secret * 3, algorithm="HS256", headers={"kid": "one", **typ})
    old = door.signed(good, kid="one", **typ)
    door.rotate("two", curve=True)
    headers = {"kid": "unknown", **typ}
    foreign = jwt.encode(good, door.keys["two"], algorithm="ES256", headers=headers)
    for text in ("", "x", "x.y.z", unsigned, shared, foreign, old[:-8], old + "é"):
        assert told(door, text or " ").status_code == 400
    assert Client().post(OUT).status_code == 400
    assert is_in(client)


@pytest.mark.parametrize("typ", ["logout+jwt", "Logout+JWT", "application/logout+jwt"])
def test_its_type_says_that_it_is_one(
    door: Provider, row: SignInProvider, vera: User, typ: str
) -> None:
    """Section 2.4; RFC 7515 section 4.1.9: a media type, its "application/" left out."""
    client = came(door)
    assert told(door, door.signed(claims(door), typ=typ)).status_code == 200
    assert not is_in(client)


@pytest.mark.parametrize("typ", ["JWT", None])
def test_without_its_type_only_where_those_who_manage_the_provider_say_so(
    door: Provider, row: SignInProvider, vera: User, typ: str | None
) -> None:
    client = came(door)
    answer = told(door, door.signed(claims(door), typ=typ))
    assert answer.status_code == 400
    assert "not logout+jwt" in answer.json()["error_description"]
    assert is_in(client)
    SignInProvider.objects.update(takes_plain_logouts=True)
    assert told(door, door.signed(claims(door), typ="at+jwt")).status_code == 400
    assert is_in(client)
    assert told(door, door.signed(claims(door), typ=typ)).status_code == 200
    assert not is_in(client)


def test_each_is_taken_once(door: Provider, row: SignInProvider, vera: User) -> None:
    text = door.signed(claims(door), typ="logout+jwt")
    assert told(door, text).status_code == 200
    client = came(door)
    assert told(door, text).status_code == 400
    assert is_in(client)
    LogoutNotice.objects.update(expires_at="2020-01-01T00:00Z")
    sweep()
    assert not LogoutNotice.objects.exists()


def test_an_id_token_signs_nobody_out(door: Provider, row: SignInProvider, vera: User) -> None:
    client = came(door)
    assert told(door, door.signed(door.claims({"nonce": "n"}))).status_code == 400
    SignInProvider.objects.update(takes_plain_logouts=True)
    assert told(door, door.signed(door.claims({"nonce": "n"}))).status_code == 400
    assert is_in(client)


def test_who_may_call(door: Provider, row: SignInProvider) -> None:
    assert Client().get(OUT).status_code == 405
    assert Client().post("/sign-in/with/nobody/logout/").status_code == 404
    SignInProvider.objects.update(is_on=False)
    assert told(door).status_code == 404


def test_wrong_ones_are_counted(door: Provider, row: SignInProvider, settings: Any) -> None:
    settings.SECOPS_RATE_SIGN_IN_ADDRESS = "2/hour"
    client = Client(REMOTE_ADDR="192.0.2.77")
    statuses = [client.post(OUT, {"logout_token": "x"}).status_code for _ in range(4)]
    assert statuses[0] == 400
    assert statuses[-1] == 429


# --- from here to there ----------------------------------------------------------------------------


def test_signing_out_here_offers_to_sign_out_there(
    door: Provider, row: SignInProvider, vera: User
) -> None:
    door.document["end_session_endpoint"] = f"{door.url}/end?realm=x"
    client = came(door)
    answer = client.post("/sign-out/")
    assert answer["Location"] == "/sign-in/?left=harbour"
    assert answer["Clear-Site-Data"]
    page = client.get("/sign-in/?left=harbour").content.decode()
    assert 'href="/sign-out/with/harbour/"' in page
    there = urlsplit(client.get("/sign-out/with/harbour/")["Location"])
    assert f"{there.scheme}://{there.netloc}{there.path}" == f"{door.url}/end"
    # RP-Initiated Logout 1.0 section 2; the address is ours whatever the Host header says.
    assert dict(parse_qsl(there.query)) == {
        "realm": "x",
        "client_id": "portal",
        "post_logout_redirect_uri": f"{BASE}/sign-in/",
    }


def test_a_provider_without_a_page_for_it(door: Provider, row: SignInProvider) -> None:
    answer = Client().get("/sign-out/with/harbour/", follow=True)
    assert answer.redirect_chain == [("/sign-in/", 302)]
    assert "Sign out there itself" in answer.content.decode()


def test_who_has_the_portal_ask_in_vain_is_counted(
    door: Provider, row: SignInProvider, settings: Any
) -> None:
    """Strangers reach it: each request may wait for a provider that does not answer."""
    settings.SECOPS_RATE_SIGN_IN_ADDRESS = "2/hour"
    client = Client(REMOTE_ADDR="192.0.2.78")
    statuses = [client.get("/sign-out/with/harbour/").status_code for _ in range(4)]
    assert (statuses[0], statuses[-1]) == (302, 429)


def test_who_came_by_password_is_offered_nothing(row: SignInProvider, vera: User) -> None:
    client = Client()
    client.force_login(vera)
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    for left in ("", "nobody", "%00", "x" * 999):
        assert "/sign-out/with/" not in client.get(f"/sign-in/?left={left}").content.decode()


def test_the_page_of_a_provider_tells_its_addresses(row: SignInProvider) -> None:
    client = Client()
    client.force_login(make_user(role=Role.ADMIN))
    page = client.get("/settings/sign-in/harbour/").content.decode()
    assert f"{BASE}{OUT}" in page
