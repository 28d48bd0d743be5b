"""Signing in at a provider that others wrote and had certified (panva's oidc-provider), through its own pages."""

import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pytest_django.live_server_helper import LiveServer

from apps.accounts import signing_in, views_openid
from apps.accounts.models import PersonIdentity, PersonSession, SignInProvider, User
from apps.accounts.roles import Role
from apps.accounts.services.probes import provider_test
from apps.accounts.services.providers import provider_edit
from apps.audit.models import AuditEntry
from apps.trust.services.rules import rule_create
from tests.accounts.test_openid import TESTS, connected
from tests.api.conftest import Api
from tests.api.test_reports import sarif
from tests.conftest import People
from tests.factories import actor_of, make_user
from tests.openid import may_reach
from tests.provided import VERA, Certified, Page, Walker, certified

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.worker]
START = "/sign-in/with/harbour/"
RETURN = "/sign-in/with/harbour/return/"
OUT = "/sign-in/with/harbour/logout/"
SECURITY = "/settings/security/app/"  # only for who is sure
OTTO = "70000001"


@pytest.fixture(scope="module")
def process() -> Iterator[Certified]:
    with certified() as provider:
        yield provider


@pytest.fixture
def harbour(process: Certified, live_server: LiveServer, settings: Any) -> Certified:
    """The provider, which knows the portal, Vera and Otto."""
    settings.BASE_URL = live_server.url
    process.client = {
        "redirect_uris": [live_server.url + RETURN],
        "post_logout_redirect_uris": [f"{live_server.url}/sign-in/"],
        "backchannel_logout_uri": live_server.url + OUT,
        "backchannel_logout_session_required": True,
    }
    process.people = {
        VERA: {"email": "vera@example.org", "email_verified": True, "name": "Vera Provided"},
        OTTO: {"email": "otto@example.org", "email_verified": True, "name": "Otto Other"},
    }
    process.configure()
    may_reach(settings, process.url)
    return process


@pytest.fixture
def row(harbour: Certified) -> SignInProvider:
    return connected(harbour)


@pytest.fixture
def vera(db: None) -> User:
    return make_user("Vera", email="vera@example.org", role=Role.VIEWER)


@pytest.fixture
def portal(live_server: LiveServer) -> str:
    return str(live_server.url)


def path_of(page: Page) -> str:
    return urlsplit(page.url).path


def is_asked(page: Page) -> bool:
    """Whether the provider asks who it is."""
    return path_of(page).startswith("/interaction/") and 'name="login"' in page.text


def answered(walker: Walker, page: Page, number: str = VERA) -> Page:
    """Through the provider's pages: who it is, and that the portal may know."""
    assert is_asked(page), page
    page = walker.send(page, login=number, password="whatever")  # it takes any
    while urlsplit(page.url).hostname == "127.0.0.1":  # its own; the portal is localhost
        page = walker.send(page)
    return page


def come_in(portal: str, walker: Walker | None = None, number: str = VERA) -> Page:
    walker = walker or Walker()
    return answered(walker, walker.open(f"{portal}{START}?next=/planning/"), number)


def is_in(portal: str, walker: Walker) -> bool:
    return path_of(walker.open(f"{portal}/planning/")) == "/planning/"


def test_its_connection_test_is_clean(portal: str, row: SignInProvider) -> None:
    admin = actor_of(make_user(role=Role.ADMIN))
    checks = provider_test(actor=admin, provider=row, back=portal + RETURN)
    assert [check.state for check in checks] == ["good"] * 3, checks


def test_somebody_known_comes_in(portal: str, row: SignInProvider, vera: User) -> None:
    walker = Walker()
    page = come_in(portal, walker)
    assert (page.url, page.status) == (f"{portal}/planning/", 200)
    identity = PersonIdentity.objects.get()
    assert (identity.user, identity.subject, identity.email) == (vera, VERA, vera.email)
    assert PersonSession.objects.get().provider_sid  # it names its session
    # In another browser the provider asks again; the number is known by now.
    assert come_in(portal).status == 200
    assert AuditEntry.objects.filter(action="identity.link").count() == 1


def test_somebody_new_gets_an_account(portal: str, harbour: Certified) -> None:
    """Name and address are only at its userinfo endpoint (OpenID Connect Core 1.0 section 5.4)."""
    connected(harbour, makes_people=True, default_role="architect")
    assert come_in(portal).status == 200
    user = User.objects.get()
    assert (user.email, user.name, user.role) == ("vera@example.org", "Vera Provided", "architect")


def test_its_answer_is_taken_once(portal: str, row: SignInProvider, vera: User) -> None:
    """Code, state, nonce and PKCE are the provider's to check, too: it refuses the code itself."""
    walker, thief = Walker(), Walker()
    page = walker.open(f"{portal}{START}")
    asked = dict(parse_qsl(urlsplit(walker.led_to("/auth")).query))
    assert asked["code_challenge_method"] == "S256"
    assert asked["nonce"] != asked["state"]
    answered(walker, page)
    answer = walker.led_to(RETURN)
    assert dict(parse_qsl(urlsplit(answer).query))["iss"] == row.issuer  # RFC 9207
    for browser in (walker, thief):
        assert browser.open(answer).status == 403
    assert not is_in(portal, thief)


def test_keys_that_it_rotates(
    portal: str, harbour: Certified, row: SignInProvider, vera: User
) -> None:
    come_in(portal)
    harbour.rotate()
    assert come_in(portal).status == 200


# --- who does not come in --------------------------------------------------------------------------


def refused(portal: str, number: str = VERA) -> str:
    """What the page says; nobody is signed in."""
    walker = Walker()
    page = come_in(portal, walker, number)
    assert (path_of(page), page.status) == (RETURN, 403)
    assert not is_in(portal, walker)
    return page.text


def test_a_wrong_secret(portal: str, row: SignInProvider, vera: User) -> None:
    said = {name: getattr(row, name) for name in ("name", "key", "issuer", "client_id", "domains")}
    provider_edit(actor=TESTS, provider=row, secret="another", version=row.version, **said)
    refused(portal)
    row.refresh_from_db()
    assert "invalid_client" in row.last_refusal
    admin = actor_of(make_user(role=Role.ADMIN))
    checks = provider_test(actor=admin, provider=row, back=portal + RETURN)
    assert checks[-1].state == "bad"


@pytest.mark.usefixtures("row", "vera")
@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"email_verified": False}, "does not say that your e-mail address is verified"),
        ({"email_verified": None}, "does not say that your e-mail address is verified"),
        ({"email": "vera@elsewhere.example"}, "do not come in this way"),
        ({"email": "nobody@example.org"}, "no account for nobody@example.org"),
        ({"email": None}, "does not say what your e-mail address is"),
    ],
)
def test_claims_that_open_nothing(
    portal: str, harbour: Certified, claims: dict[str, Any], said: str
) -> None:
    harbour.people[VERA] |= claims
    harbour.configure()
    assert said in refused(portal)
    assert not PersonIdentity.objects.exists()


def test_an_account_that_is_switched_off(portal: str, row: SignInProvider, vera: User) -> None:
    walker = Walker()
    come_in(portal, walker)
    User.objects.filter(pk=vera.pk).update(is_active=False)
    assert not is_in(portal, walker)
    assert "switched off" in refused(portal)


def test_who_turns_back_at_the_provider(portal: str, row: SignInProvider, vera: User) -> None:
    walker = Walker()
    page = walker.open(f"{portal}{START}")
    away = re.search(r'href="([^"]+/abort)"', page.text)
    assert away
    page = walker.open(away[1])
    assert (path_of(page), page.status) == (RETURN, 403)
    assert "You were not signed in there" in page.text


# --- being sure who it is --------------------------------------------------------------------------


def test_the_person_shows_again_who_it_is(portal: str, row: SignInProvider, vera: User) -> None:
    """prompt=login: the provider asks although it knows the browser, and says when it did (auth_time)."""
    walker = Walker()
    come_in(portal, walker)
    again = f"{portal}{START}?for=confirm&next={SECURITY}"
    page = answered(walker, walker.open(again))
    assert page.url == portal + SECURITY
    # Somebody else at the keyboard: that ends the first one's session there, and so (back-channel) here.
    page = answered(walker, walker.open(again), OTTO)
    assert page.status == 403
    assert not is_in(portal, walker)


def test_a_browser_that_the_provider_knows_is_not_the_person(
    portal: str, row: SignInProvider, vera: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    walker = Walker()
    come_in(portal, walker)
    for module in (views_openid, signing_in):
        monkeypatch.setattr(module, "SURE_FOR", 2)
    time.sleep(2.1)
    walker.send(walker.open(f"{portal}/planning/"), "/sign-out/")
    assert not is_in(portal, walker)
    page = walker.open(f"{portal}{START}?next=/planning/")
    assert path_of(page) == "/planning/"  # in, without a word
    page = walker.open(portal + SECURITY)
    assert path_of(page) == "/settings/security/confirm/"
    link = re.search(r'href="([^"]*for=confirm[^"]*)"', page.text)
    assert link
    for module in (views_openid, signing_in):
        monkeypatch.setattr(module, "SURE_FOR", 600)  # what is typed from now on is told in time
    page = answered(walker, walker.open(portal + link[1].replace("&amp;", "&")))
    assert page.url == portal + SECURITY


# --- signing out -----------------------------------------------------------------------------------


def left(walker: Walker, page: Page) -> Page:
    """The provider's page that asks whether to sign out there."""
    assert path_of(page) == "/session/end", page
    return walker.send(page, logout="yes")


def test_out_here_and_then_there(portal: str, row: SignInProvider, vera: User) -> None:
    """OpenID Connect RP-Initiated Logout 1.0."""
    walker = Walker()
    come_in(portal, walker)
    page = walker.send(walker.open(f"{portal}/planning/"), "/sign-out/")
    assert page.url == f"{portal}/sign-in/?left=harbour"
    assert "Sign out there, too" in page.text
    page = left(walker, walker.open(f"{portal}/sign-out/with/harbour/"))
    assert path_of(page) == "/sign-in/"
    assert page.url.startswith(portal)
    assert is_asked(walker.open(f"{portal}{START}"))


def test_out_there_and_so_here(
    portal: str, harbour: Certified, row: SignInProvider, vera: User
) -> None:
    """OpenID Connect Back-Channel Logout 1.0: the provider itself calls; only that browser's session ends."""
    here, elsewhere = Walker(), Walker()
    for walker in (here, elsewhere):
        come_in(portal, walker)
    harbour.rotate()  # what it sends is signed by a key that the portal has not seen
    left(here, here.open(f"{harbour.url}/session/end"))
    assert not is_in(portal, here)
    assert is_in(portal, elsewhere)
    entry = AuditEntry.objects.get(action="session.end_by_provider")
    assert entry.changes == {"sessions": 1}


# --- proofs of jobs --------------------------------------------------------------------------------


def test_a_proof_that_it_signs_for_a_job(
    portal: str, harbour: Certified, people: People, settings: Any
) -> None:
    """A signed token of the client-credentials grant for our audience (RFC 8707), exchanged and used."""
    settings.SECOPS_OIDC_ISSUERS = [harbour.url]
    harbour.job = {"repository": "alderhaven/payments", "ref": "refs/heads/main"}
    harbour.configure()
    rule_create(
        actor=TESTS,
        system=people.system,
        name="Scans",
        issuer=harbour.url,
        repository="alderhaven/payments",
        ref="main",
        stages=["code"],
    )
    proof = harbour.proof(portal)
    told = Api(proof).post("/oidc/token", {})
    assert told.status_code == 201, told.content
    job = Api(told.json()["token"])
    posted = job.raw("/reports?system=payments&stage=code", sarif(1), "application/json")
    assert posted.status_code == 202
    # Not twice, not for another audience, not of another repository.
    assert Api(proof).post("/oidc/token", {}).status_code == 401
    elsewhere = Api(harbour.proof("https://elsewhere.example")).post("/oidc/token", {})
    assert "another audience" in elsewhere.json()["detail"]
    harbour.rotate()
    assert Api(harbour.proof(portal)).post("/oidc/token", {}).status_code == 201
    harbour.job["repository"] = "alderhaven/payroll"
    harbour.configure()
    assert "No rule trusts" in Api(harbour.proof(portal)).post("/oidc/token", {}).json()["detail"]
