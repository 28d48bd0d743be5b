"""Signing in at an OpenID provider: a real one on loopback, real signatures, and whatever can be wrong."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from django.conf import settings as live_settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.accounts.models import PersonIdentity, PersonSession, SignInProvider, User
from apps.accounts.roles import Role
from apps.accounts.services.factors import app_add
from apps.accounts.services.providers import provider_create, provider_switch
from apps.accounts.signing_in import FACTOR, SURE
from apps.audit.models import AuditEntry
from tests.accounts.test_second_factor import RFC_SECRET, totp
from tests.factories import actor_of, make_user
from tests.factories.people import PASSWORD
from tests.openid import Provider, issuing, rsa_key
from tests.provided import Certified
from tests.servers import Says

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")
BASE = "https://portal.example.org"
START = "/sign-in/with/harbour/"
RETURN = "/sign-in/with/harbour/return/"


@pytest.fixture
def door(settings: Any) -> Iterator[Provider]:
    with issuing(settings) as server:
        settings.BASE_URL = BASE
        yield Provider(server)


def connected(door: Provider | Certified, **more: Any) -> SignInProvider:
    said = {
        "name": "Harbour",
        "key": "harbour",
        "issuer": door.url,
        "client_id": door.client_id,
        "domains": ["example.org"],
    }
    row = provider_create(actor=TESTS, secret=door.secret, **(said | more))
    return provider_switch(actor=TESTS, provider=row, is_on=True)


@pytest.fixture
def row(door: Provider) -> SignInProvider:
    return connected(door)


@pytest.fixture
def vera() -> User:
    return make_user("Vera", email="vera@example.org", role=Role.VIEWER)


def gone(client: Client, **query: str) -> str:
    """The address at the provider that the browser is sent to."""
    answer = client.get(START, query)
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def back(client: Client, door: Provider, address: str, **more: str) -> Any:
    """The browser comes back with the provider's answer."""
    place = urlsplit(door.answer(address, **more))
    assert f"{place.scheme}://{place.netloc}{place.path}" == BASE + RETURN
    return client.get(f"{place.path}?{place.query}")


def through(door: Provider, client: Client | None = None, **query: str) -> Any:
    client = client or Client()
    return back(client, door, gone(client, **query))


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def refused(door: Provider, status: int = 403) -> str:
    """What the page says; nobody is signed in."""
    client = Client()
    answer = through(door, client)
    assert answer.status_code == status
    assert not is_in(client)
    return str(answer.content.decode())


def why() -> str:
    return SignInProvider.objects.get().last_refusal


# --- it works --------------------------------------------------------------------------------------


def test_somebody_known_comes_in_and_is_linked(
    door: Provider, row: SignInProvider, vera: User
) -> None:
    client = Client()
    page = client.get("/sign-in/?next=/planning/").content.decode()
    assert f'href="{START}?next=%2Fplanning%2F"' in page
    assert "Sign in with Harbour" in page
    answer = through(door, client, next="/planning/")
    assert (answer.status_code, answer["Location"]) == (302, "/planning/")
    assert client.get("/").context["actor"].user == vera
    identity = PersonIdentity.objects.get()
    assert (identity.user, identity.subject) == (vera, "248289761001")
    assert identity.last_used_at is not None
    entry = AuditEntry.objects.get(action="identity.link")
    assert entry.changes["person"] == "vera@example.org"
    # From then on the number says who it is, whatever becomes of the address.
    door.who = {"email": "vera.married@example.org"}
    assert through(door)["Location"] == "/"
    assert PersonIdentity.objects.get().email == "vera.married@example.org"
    assert User.objects.get().email == "vera@example.org"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_other_site_signs_anybody_in(door: Provider, row: SignInProvider, site: str) -> None:
    """Fetch Metadata section 2.3: a link there leads to the button here, one's own and a bookmark go on."""
    client = Client(headers={"sec-fetch-site": site})
    answer = client.get(START, {"next": "/planning/"})
    assert answer["Location"] == "/sign-in/?next=%2Fplanning%2F"
    assert client.get(START, {"next": "https://evil.example"})["Location"] == "/sign-in/?next=%2F"
    assert "asked-providers" not in client.session
    for own in ("same-origin", "none"):
        assert gone(Client(headers={"sec-fetch-site": own})).startswith(door.url)


def test_the_question_is_the_one_of_the_standards(door: Provider, row: SignInProvider) -> None:
    """OpenID Connect Core 1.0 section 3.1.2.1; RFC 7636 section 4.3; RFC 9700 section 2.1."""
    client = Client()
    address = gone(client)
    assert address.startswith(f"{door.url}/authorize?")
    asked = dict(parse_qsl(urlsplit(address).query))
    assert asked["response_type"] == "code"
    assert asked["client_id"] == "portal"
    assert asked["redirect_uri"] == BASE + RETURN
    assert asked["scope"].split() == ["openid", "email", "profile"]
    assert asked["code_challenge_method"] == "S256"
    for name in ("state", "nonce", "code_challenge"):
        assert len(base64.urlsafe_b64decode(asked[name] + "==")) == 32
    again = dict(parse_qsl(urlsplit(gone(client)).query))
    assert not {again[name] for name in ("state", "nonce")} & {asked["state"], asked["nonce"]}
    # The verifier stays here; what leaves is its hash.
    held = client.session["asked-providers"][asked["state"]]
    digest = hashlib.sha256(held["verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
    assert held["verifier"] not in address


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_the_client_shows_its_secret_as_the_provider_wants(
    door: Provider, row: SignInProvider, vera: User, method: str
) -> None:
    door.document["token_endpoint_auth_methods_supported"] = [method]
    assert through(door)["Location"] == "/"
    sent = next(each for each in door.server.asked if each.path == "/token")
    assert ("authorization" in sent.headers) == (method == "client_secret_basic")


def test_no_token_of_the_provider_is_kept(
    door: Provider, row: SignInProvider, vera: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ASVS 10.1.1: not in the browser's session, not in a cookie, not in any row."""
    told: list[str] = []
    signed = door.signed

    def overheard(*said: Any, **how: Any) -> str:
        told.append(signed(*said, **how))
        return told[-1]

    monkeypatch.setattr(door, "signed", overheard)
    client = Client()
    through(door, client)
    assert told
    kept = str([dict(client.session), client.cookies.output(), list(AuditEntry.objects.values())])
    kept += str([list(PersonIdentity.objects.values()), list(PersonSession.objects.values())])
    assert "vera" in kept.lower()
    assert not [each for each in told if each in kept or each.rpartition(".")[2] in kept]


def test_somebody_new_gets_an_account_where_the_provider_may(door: Provider) -> None:
    connected(door, makes_people=True, default_role="architect")
    client = Client()
    through(door, client)
    user = User.objects.get()
    assert client.get("/").context["actor"].user == user
    assert (user.email, user.name, user.role) == ("vera@example.org", "Vera Provided", "architect")
    assert not user.has_usable_password()
    assert not user.is_staff
    assert not user.is_superuser
    assert AuditEntry.objects.filter(action="person.provision", object_id=user.pk).count() == 1


def test_rotated_keys_of_either_kind(door: Provider, row: SignInProvider, vera: User) -> None:
    through(door)
    door.rotate("two", curve=True)
    door.algorithm = "ES256"
    assert through(door)["Location"] == "/"
    assert door.server.paths().count("/jwks") == 2


def test_what_the_id_token_lacks_is_asked_for(
    door: Provider, row: SignInProvider, vera: User
) -> None:
    door.who = {"email": None, "email_verified": None}
    door.userinfo = {
        "sub": "248289761001",
        "email": "Vera@Example.org",
        "email_verified": True,
    }
    assert through(door)["Location"] == "/"
    sent = next(each for each in door.server.asked if each.path == "/userinfo")
    assert sent.headers["authorization"] == "Bearer open"
    # What it says of somebody else is not used, nor is half of each.
    door.userinfo["sub"] = "somebody else"
    assert "does not say what your e-mail address is" in refused(door)
    door.userinfo = {"sub": "248289761001", "email": "vera@example.org"}
    door.who = {"email": None, "email_verified": True}
    assert "does not say that your e-mail address is verified" in refused(door)


# --- answers that are not taken --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "another-client"}, "Audience doesn"),
        ({"aud": ["portal", "another-client"]}, "azp"),
        ({"aud": ["portal", "another-client"], "azp": "another-client"}, "azp"),
        ({"azp": "another-client"}, "azp"),
        ({"aud": None}, "aud"),
        ({"iss": "https://evil.example.org"}, "issuer"),
        ({"iss": None}, "iss"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": int(time.time()) - 3600}, "expired"),
        ({"exp": None}, "exp"),
        ({"iat": int(time.time()) - 3600}, "iat"),
        ({"iat": int(time.time()) + 3600}, "iat"),
        ({"iat": None}, "iat"),
        ({"nbf": int(time.time()) + 3600}, "nbf"),
    ],
)
def test_id_tokens_that_do_not_fit(
    door: Provider, row: SignInProvider, vera: User, claims: dict[str, Any], reason: str
) -> None:
    door.who = claims
    assert "cannot be trusted" in refused(door)
    assert reason in why()
    assert not PersonIdentity.objects.exists()


def test_signatures_that_do_not_fit(door: Provider, row: SignInProvider, vera: User) -> None:
    """RFC 8725 section 2.1: no signature, and the public key as a shared secret."""
    public = rsa_key(0).public_key()
    encoding, form = serialization.Encoding, serialization.PublicFormat.SubjectPublicKeyInfo

    def shared(claims: dict[str, Any]) -> str:
        parts = [b'{"alg":"HS256","kid":"one"}', json.dumps(claims).encode()]
        text = b".".join(base64.urlsafe_b64encode(each).rstrip(b"=") for each in parts)
        digest = hmac.digest(public.public_bytes(encoding.PEM, form), text, "sha256")
        return (text + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")).decode()

    def with_secret(claims: dict[str, Any]) -> str:
        secret = door.secret.ljust(32, "x")
        return jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "one"})

    def unsigned(claims: dict[str, Any]) -> str:
        return jwt.encode(claims, None, algorithm="none", headers={"kid": "one"})  # type: ignore[arg-type]

    def forged(claims: dict[str, Any]) -> str:
        return jwt.encode(claims, rsa_key(7), algorithm="RS256", headers={"kid": "one"})

    def unknown(claims: dict[str, Any]) -> str:
        return jwt.encode(claims, rsa_key(0), algorithm="RS256", headers={"kid": "seven"})

    def changed(claims: dict[str, Any]) -> str:
        head, _, signature = jwt.encode(
            claims, rsa_key(0), algorithm="RS256", headers={"kid": "one"}
        ).split(".")
        other = json.dumps(claims | {"email": "chief@example.org"}).encode()
        return f"{head}.{base64.urlsafe_b64encode(other).rstrip(b'=').decode()}.{signature}"

    for sign, reason in (
        (unsigned, "public key"),
        (shared, "public key"),
        (with_secret, "public key"),
        (forged, "Signature"),
        (changed, "Signature"),
        (unknown, "does not publish"),
        (lambda _: "x", "not good"),
        (lambda _: "x" * 40_000, "too long"),
    ):
        client = Client()
        address = gone(client)
        door.token = sign(door.claims(dict(parse_qsl(urlsplit(address).query))))
        assert back(client, door, address).status_code == 403
        assert not is_in(client)
        assert reason in why()


def test_each_answer_is_taken_once_by_the_browser_that_asked(
    door: Provider, row: SignInProvider, vera: User
) -> None:
    client, stranger = Client(), Client()
    answer = door.answer(gone(client)).removeprefix(BASE)
    # Somebody is led to the answer that another one got (a forged sign-in).
    gone(stranger)
    assert stranger.get(answer).status_code == 403
    assert not is_in(stranger)
    assert client.get(answer)["Location"] == "/"
    # Again, the state is spent, and nobody asks for the code once more.
    asked = door.server.paths().count("/token")
    assert client.get(answer).status_code == 403
    client.logout()
    assert client.get(answer).status_code == 403
    assert not is_in(client)
    assert door.server.paths().count("/token") == asked


def test_a_code_that_was_used_already(door: Provider, row: SignInProvider, vera: User) -> None:
    client = Client()
    answer = door.answer(gone(client)).removeprefix(BASE)
    door.codes.clear()
    assert client.get(answer).status_code == 403
    assert "invalid_grant" in why()
    assert not is_in(client)


def test_the_state_has_to_fit(door: Provider, row: SignInProvider, vera: User) -> None:
    client = Client()
    for query in ("", "?code=x", "?code=x&state=", "?code=x&state=%C3%A9", "?code=x&state=wrong"):
        gone(client)
        answer = client.get(RETURN + query)
        assert answer.status_code == 403
        assert "not asked for here" in answer.content.decode()
    assert "/token" not in door.server.paths()
    # Another provider's answer.
    other = connected_beside(row)
    state = dict(parse_qsl(urlsplit(gone(client)).query))["state"]
    assert client.get(f"/sign-in/with/{other.key}/return/?code=x&state={state}").status_code == 403


def connected_beside(row: SignInProvider) -> SignInProvider:
    other = provider_create(
        actor=TESTS,
        secret="x",
        name="Other",
        key="other",
        issuer="https://other.example.org",
        client_id="x",
        domains=["example.net"],
    )
    return provider_switch(actor=TESTS, provider=other, is_on=True)


def test_an_answer_too_late(
    door: Provider, row: SignInProvider, vera: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    address = gone(client)
    later = time.time() + 601
    monkeypatch.setattr("apps.accounts.views_openid.time.time", lambda: later)
    assert back(client, door, address).status_code == 403
    assert not is_in(client)


def test_several_windows_at_once(door: Provider, row: SignInProvider, vera: User) -> None:
    client = Client()
    first, *_between, last = [gone(client, next=f"/planning/?{n}") for n in range(6)]
    assert len(client.session["asked-providers"]) == 5
    assert back(client, door, first).status_code == 403
    assert back(client, door, last)["Location"] == "/planning/?5"


@pytest.mark.parametrize(
    ("sender", "promised", "comes_in"),
    [
        (None, False, True),
        ("itself", False, True),
        ("itself", True, True),
        (None, True, False),
        ("https://evil.example.org", False, False),
        ("", False, False),
    ],
)
def test_who_sends_the_answer(
    door: Provider, vera: User, sender: str | None, promised: bool, comes_in: bool
) -> None:
    """RFC 9207 section 2.4."""
    connected(door)
    door.document["authorization_response_iss_parameter_supported"] = promised
    more = {} if sender is None else {"iss": door.url if sender == "itself" else sender}
    client = Client()
    back(client, door, gone(client), **more)
    assert is_in(client) == comes_in


def test_the_provider_says_no(door: Provider, row: SignInProvider) -> None:
    client = Client()
    state = dict(parse_qsl(urlsplit(gone(client)).query))["state"]
    page = client.get(RETURN, {"error": "access_denied", "state": state}).content.decode()
    assert "You were not signed in there." in page
    state = dict(parse_qsl(urlsplit(gone(client)).query))["state"]
    said = {"error": "server_error", "error_description": "call 0900-EVIL", "state": state}
    page = client.get(RETURN, said).content.decode()
    assert "0900" not in page
    assert "There, something failed." in page


def test_the_provider_is_down(door: Provider, row: SignInProvider, vera: User) -> None:
    door.server.always = Says(b"", 500)
    answer = Client().get(START)
    assert answer.status_code == 503
    page = answer.content.decode()
    assert "Harbour does not answer" in page
    assert "/sign-in/" in page
    door.server.always = None
    client = Client()
    address = gone(client)
    # It breaks between question and answer, in every way.
    for says in (Says(b"", 500), Says(b"<html>"), Says([]), Says({"id_token": 7}), Says({})):
        door.server.routes["/token"] = says
        answer = back(client, door, address)
        assert answer.status_code in {403, 503}
        assert not is_in(client)
        address = gone(client)


def test_a_document_that_cannot_be_used(door: Provider, row: SignInProvider) -> None:
    for change in (
        {"issuer": "https://evil.example.org"},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ):
        door.server.always = Says(door.document | change)
        assert Client().get(START).status_code == 503


def test_switched_off_it_is_not_there(door: Provider, row: SignInProvider, vera: User) -> None:
    client = Client()
    address = gone(client)
    provider_switch(actor=TESTS, provider=row, is_on=False)
    assert "Harbour" not in client.get("/sign-in/").content.decode()
    assert client.get(START).status_code == 404
    assert back(client, door, address).status_code == 404
    assert client.get("/sign-in/with/nobody/").status_code == 404


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/planning/?stage=code", "/planning/?stage=code"),
        ("https://evil.example/planning/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_next_stays_on_this_host(
    door: Provider, row: SignInProvider, vera: User, wanted: str, goes_to: str
) -> None:
    assert through(door, next=wanted)["Location"] == goes_to


# --- who does not come in --------------------------------------------------------------------------


def test_a_stranger_is_refused_where_only_known_people_come_in(
    door: Provider, row: SignInProvider
) -> None:
    assert "There is no account for vera@example.org here" in refused(door)
    assert not User.objects.exists()


@pytest.mark.parametrize("makes_people", [True, False])
@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"email_verified": False}, "is verified"),
        ({"email_verified": None}, "is verified"),
        ({"email_verified": "false"}, "is verified"),
        ({"email_verified": 1}, "is verified"),
        ({"email": None}, "does not say what"),
        ({"email": "vera"}, "does not say what"),
        ({"email": ["vera@example.org"]}, "does not say what"),
        ({"email": "vera@example.org\x00"}, "does not say what"),
        ({"email": "vera@evil.example"}, "do not come in this way"),
        ({"email": "vera@sub.example.org"}, "do not come in this way"),
        ({"email": "vera@evilexample.org"}, "do not come in this way"),
        ({"email": '"vera@example.org"@evil.example'}, "do not come in this way"),
    ],
)
def test_addresses_that_do_not_come_in(
    door: Provider, vera: User, claims: dict[str, Any], said: str, makes_people: bool
) -> None:
    connected(door, makes_people=makes_people)
    door.who = claims
    assert said in refused(door)
    assert User.objects.count() == 1
    assert not PersonIdentity.objects.exists()


def test_linked_or_not_the_address_is_asked_for(
    door: Provider, row: SignInProvider, vera: User
) -> None:
    through(door)
    door.who = {"email": "vera@elsewhere.example"}
    refused(door)
    door.who = {"email_verified": False}
    refused(door)


def test_a_provider_may_vouch_for_addresses_but_not_against_itself(
    door: Provider, vera: User
) -> None:
    connected(door, vouches_for_email=True)
    door.who = {"email_verified": False}
    refused(door)
    door.who = {"email_verified": None}
    assert through(door)["Location"] == "/"


def test_google_accounts_are_those_that_the_domain_manages(
    door: Provider, vera: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever made a private account under vera's address while it was theirs keeps it for ever."""
    connected(door)
    monkeypatch.setattr("apps.accounts.services.openid.GOOGLE", door.url)
    for hd in (None, "", "evil.example", ["example.org"]):
        door.who = {"hd": hd}
        assert "is not an account of your organisation there" in refused(door)
        assert "hd" in why()
    door.who = {"hd": "example.org"}
    assert through(door)["Location"] == "/"


def test_who_is_switched_off_stays_out(door: Provider, row: SignInProvider, vera: User) -> None:
    vera.is_active = False
    vera.save()
    assert "is switched off" in refused(door)
    assert not PersonIdentity.objects.exists()
    vera.is_active = True
    vera.save()
    through(door)
    vera.is_active = False
    vera.save()
    assert "is switched off" in refused(door)


@pytest.mark.parametrize("flag", ["is_staff", "is_superuser"])
def test_staff_is_never_linked_by_address(
    door: Provider, row: SignInProvider, vera: User, flag: str
) -> None:
    setattr(vera, flag, True)
    vera.save()
    assert "connect it under Sign-in and sessions" in refused(door)
    assert not PersonIdentity.objects.exists()


def test_an_address_that_somebody_else_got_opens_nothing(
    door: Provider, row: SignInProvider, vera: User
) -> None:
    """The provider gave vera's address to somebody new: another number, another person."""
    through(door)
    door.who = {"sub": "999"}
    assert "linked with another one there" in refused(door)
    assert "sub" in why()
    assert PersonIdentity.objects.get().subject == "248289761001"


# --- roles by groups -------------------------------------------------------------------------------


def test_groups_say_the_role_at_each_sign_in(door: Provider) -> None:
    connected(
        door,
        makes_people=True,
        groups_claim="realm.groups",
        group_roles={"architects": "architect", "sec-ops": "security"},
        extra_scopes="groups",
    )
    for groups, role in (
        (["sec-ops", "architects", "chess"], "security"),
        (["architects"], "architect"),
        ("sec-ops", "security"),
        (None, "security"),  # not said at all: as it was
        (["chess"], ""),
        ([7, None], ""),
    ):
        door.who = {"realm": {"groups": groups} if groups is not None else None}
        through(door)
        assert User.objects.get().role == role
    assert door.asked["scope"].split()[-1] == "groups"
    told = list(AuditEntry.objects.filter(action="person.role").order_by("id"))
    assert [entry.changes["role"] for entry in told] == [
        ["security", "architect"],
        ["architect", "security"],
        ["security", ""],
    ]


def test_groups_change_no_role_of_staff(door: Provider, vera: User) -> None:
    row = connected(door, groups_claim="groups", group_roles={"x": "viewer"})
    PersonIdentity.objects.create(provider=row, user=vera, subject="248289761001", email=vera.email)
    User.objects.update(is_staff=True, role="admin")
    door.who = {"groups": ["x"]}
    through(door)
    assert User.objects.get().role == "admin"


# --- the second step -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asks", "claims", "comes_in"),
    [
        ({}, {"amr": ["mfa"]}, False),
        ({"second_step": "claimed"}, {"amr": ["pwd", "mfa"]}, True),
        ({"second_step": "claimed"}, {"amr": ["pwd"]}, False),
        ({"second_step": "claimed"}, {"amr": "mfa"}, False),
        ({"second_step": "claimed"}, {}, False),
        ({"second_step": "claimed", "acr_values": "gold silver"}, {"acr": "gold"}, True),
        ({"second_step": "claimed", "acr_values": "gold silver"}, {"acr": "bronze"}, False),
        ({"second_step": "claimed"}, {"acr": ""}, False),
        ({"second_step": "theirs"}, {}, True),
    ],
)
def test_who_asks_for_the_second_factor(
    door: Provider, vera: User, asks: dict[str, str], claims: dict[str, Any], comes_in: bool
) -> None:
    connected(door, **asks)
    code = totp(RFC_SECRET, time.time())
    app_add(actor=actor_of(vera), secret=RFC_SECRET, code=code, name="")
    door.who = claims
    client = Client()
    answer = through(door, client, next="/planning/")
    assert is_in(client) == comes_in
    if comes_in:
        assert client.session[FACTOR] is True
    else:
        assert answer["Location"] == "/sign-in/second/"
        vera.factors.update(last_step=0)
        later = client.post("/sign-in/second/", {"code": totp(RFC_SECRET, time.time())})
        assert later["Location"] == "/planning/"
        assert is_in(client)


def test_a_browser_that_the_provider_knew_is_not_the_person(
    door: Provider, row: SignInProvider, vera: User
) -> None:
    for at, is_sure in ((int(time.time()) - 3600, False), (int(time.time()), True), (None, True)):
        client = Client()
        door.who = {"auth_time": at}
        through(door, client)
        assert (SURE in client.session) == is_sure


def test_a_session_from_there_ends_however_much_it_is_used(
    door: Provider, row: SignInProvider, vera: User
) -> None:
    client = Client()
    through(door, client)
    ends = Session.objects.get(session_key=client.session.session_key).expire_date
    assert dt.timedelta(hours=11) < ends - timezone.now() <= dt.timedelta(hours=12)
    session = client.session
    session["seen"] = [session.session_key, 0]  # so long ago that its use is noted again
    session.save()
    assert client.get("/").status_code == 200
    assert Session.objects.get(session_key=client.session.session_key).expire_date == ends


# --- the only way in -------------------------------------------------------------------------------


def test_a_provider_may_be_the_only_way_in(door: Provider, vera: User) -> None:
    connected(door, is_only_way=True)
    client = Client()
    typed = {"username": vera.email, "password": PASSWORD}
    assert client.post("/sign-in/", typed)["Location"] == "/sign-in/"
    assert not is_in(client)
    assert "signs you in with Harbour" in client.get("/sign-in/").content.decode()
    # A wrong password learns nothing of it; other domains and staff come in as before.
    wrong = client.post("/sign-in/", typed | {"password": "wrong"}).content.decode()
    assert "do not go together" in wrong
    other = make_user(email="vera@elsewhere.example")
    answer = Client().post("/sign-in/", {"username": other.email, "password": PASSWORD})
    assert answer["Location"] == "/"
    User.objects.update(is_staff=True)
    assert client.post("/sign-in/", typed)["Location"] == "/"


# --- secrets ---------------------------------------------------------------------------------------


def test_the_secret_is_in_no_page_log_or_trail(
    door: Provider, row: SignInProvider, vera: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = Client()
    pages = [client.get("/sign-in/"), through(door, client)]
    door.secret = "changed there"
    pages.append(through(door))
    assert "invalid_client" in why()
    said = "".join(page.content.decode() for page in pages) + caplog.text + why()
    said += str(list(AuditEntry.objects.values_list("changes", flat=True)))
    assert "s3cret" not in said
    assert "code-" not in said
    assert b"s3cret" not in bytes(SignInProvider.objects.get().sealed)


def test_the_secret_moves_to_a_new_key(door: Provider, row: SignInProvider, settings: Any) -> None:
    from cryptography.fernet import Fernet

    old = live_settings.SECOPS_CREDENTIAL_KEYS
    settings.SECOPS_CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *old]
    call_command("rotate_credentials")
    settings.SECOPS_CREDENTIAL_KEYS = settings.SECOPS_CREDENTIAL_KEYS[:1]
    make_user(email="vera@example.org")
    assert through(door)["Location"] == "/"
    # Without any key that opens it the page says that it is not the person's fault.
    settings.SECOPS_CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    refused(door)
    assert "No key of SECOPS_CREDENTIAL_KEYS" in why()


def test_tries_are_counted_by_address(door: Provider, row: SignInProvider, settings: Any) -> None:
    settings.SECOPS_RATE_SIGN_IN_ADDRESS = "2/hour"
    client = Client(REMOTE_ADDR="203.0.113.77")
    for _ in range(2):
        assert back(client, door, gone(client)).status_code == 403
    answer = client.get(START)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0


def test_when_it_was_refused_is_kept(door: Provider, row: SignInProvider) -> None:
    refused(door)
    at = SignInProvider.objects.get().last_refused_at
    assert at is not None
    assert timezone.now() - at < dt.timedelta(minutes=1)
