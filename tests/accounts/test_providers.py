"""Settings of sign-in providers: who manages them, what cannot be, what the test says; one's own links."""

import time
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import PersonIdentity, SignInProvider, User
from apps.accounts.roles import Role
from apps.accounts.signing_in import SURE
from apps.audit.models import AuditEntry
from tests.accounts.test_openid import back, connected, door, gone, is_in, through
from tests.conftest import People
from tests.factories import make_user
from tests.openid import Provider
from tests.pages import signed_in, text_of
from tests.servers import Says

__all__ = ["door"]  # a fixture
pytestmark = pytest.mark.django_db
LIST = "/settings/sign-in/"
NEW = "/settings/sign-in/new/"
ONE = "/settings/sign-in/harbour/"


def sure(user: User) -> Client:
    """Signed in, and just asked who it is."""
    client = signed_in(user)
    session = client.session
    session[SURE] = time.time()
    session.save()
    return client


def typed(door: Provider, **more: str) -> dict[str, str]:
    return {
        "name": "Harbour",
        "key": "harbour",
        "issuer": door.url,
        "client_id": "portal",
        "secret": door.secret,
        "domains": "example.org, Example.NET",
        "second_step": "ours",
    } | more


def test_an_admin_connects_tests_and_switches_on(door: Provider, people: People) -> None:
    client = sure(people.admin)
    assert "Nobody signs in by a provider yet" in text_of(client, LIST)
    assert "https://portal.example.org/sign-in/with/KEY/return/" in client.get(NEW).content.decode()
    said = typed(
        door,
        makes_people="1",
        default_role="viewer",
        groups_claim="groups",
        group_roles="sec = security\n\n a=b = Architect \n",
    )
    assert client.post(NEW, said)["Location"] == ONE
    row = SignInProvider.objects.get()
    assert row.domains == ["example.org", "example.net"]
    assert row.group_roles == {"sec": "security", "a=b": "architect"}
    assert (row.makes_people, row.is_on, row.made_by) == (True, False, people.admin)
    page = client.get(ONE).content.decode()
    assert "https://portal.example.org/sign-in/with/harbour/return/" in page
    assert door.secret not in page
    tested = client.post(f"{ONE}test/").content.decode()
    assert "It knows the client and its secret." in tested
    assert "It publishes 1 usable key." in tested
    assert client.post(f"{ONE}switch/", {"on": "1"})["Location"] == ONE
    assert through(door)["Location"] == "/"
    assert "vera@example.org" in client.get(ONE).content.decode()
    assert door.url in text_of(client, LIST)
    # Changed without its secret, it keeps it; the trail says what was changed and never the secret.
    version = SignInProvider.objects.get().version
    edit = client.get(f"{ONE}edit/").content.decode()
    assert "a=b = architect" in edit
    assert door.secret not in edit
    changed = typed(door, secret="", domains="example.org", version=str(version))
    assert client.post(f"{ONE}edit/", changed)["Location"] == ONE
    assert SignInProvider.objects.get().domains == ["example.org"]
    assert client.post(f"{ONE}edit/", changed).status_code == 409  # somebody was faster
    entry = AuditEntry.objects.get(action="provider.edit")
    assert entry.changes["domains"] == [["example.org", "example.net"], ["example.org"]]
    assert "s3cret" not in str(list(AuditEntry.objects.values_list("changes", flat=True)))
    identity = PersonIdentity.objects.get()
    assert client.post(f"{ONE}people/{identity.pk}/unlink/")["Location"] == ONE
    assert client.post(f"{ONE}people/{identity.pk}/unlink/").status_code == 404
    assert client.post(f"{ONE}delete/")["Location"] == LIST
    assert not SignInProvider.objects.exists()
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"provider.create", "provider.test", "provider.on", "identity.unlink"} <= actions


def test_nobody_else_manages_them(door: Provider, people: People) -> None:
    connected(door)
    for person in (people.chief, people.system_admin, people.viewer):
        client = sure(person)
        for path in (LIST, NEW, ONE, f"{ONE}edit/"):
            assert client.get(path).status_code == 403
        assert client.post(NEW, typed(door)).status_code == 403
        for action in ("test", "switch", "delete", "people/1/unlink"):
            assert client.post(f"{ONE}{action}/").status_code == 403
        assert "Sign-in providers" not in client.get("/").content.decode()
    assert SignInProvider.objects.get().is_on
    admin = sure(people.admin)
    assert admin.get("/settings/sign-in/nobody/").status_code == 404
    assert "Sign-in providers" in admin.get("/").content.decode()


def test_an_open_browser_changes_nothing(door: Provider, people: People) -> None:
    connected(door)
    client = signed_in(people.admin)
    for path in (NEW, f"{ONE}edit/"):
        assert client.get(path)["Location"].startswith("/settings/security/confirm/?next=")
    for action in ("switch", "delete"):
        answer = client.post(f"{ONE}{action}/", headers={"referer": f"http://testserver{ONE}"})
        assert answer["Location"] == f"/settings/security/confirm/?next={ONE.replace('/', '%2F')}"
    assert SignInProvider.objects.get().is_on


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"key": "a b"}, "key"),
        ({"key": "new"}, "key"),
        ({"issuer": "http://10.0.0.1:1/"}, "issuer"),
        ({"issuer": "ftp://example.org"}, "issuer"),
        ({"issuer": "https://example.org/?x"}, "issuer"),
        ({"secret": ""}, "secret"),
        ({"secret": "é"}, "secret"),
        ({"client_id": ""}, "client_id"),
        ({"domains": ""}, "domains"),
        ({"domains": "example"}, "domains"),
        ({"domains": "*.example.org"}, "domains"),
        ({"domains": "exämple.org"}, "domains"),
        ({"default_role": "king"}, "default_role"),
        ({"default_role": "admin"}, "default_role"),
        ({"groups_claim": "groups", "group_roles": "boss = admin"}, "group_roles"),
        ({"groups_claim": "groups", "group_roles": "boss = king"}, "group_roles"),
        ({"groups_claim": "groups", "group_roles": "boss"}, "group_roles"),
        ({"group_roles": "boss = viewer"}, "groups_claim"),
        ({"extra_scopes": 'a"b'}, "extra_scopes"),
        ({"acr_values": "a\\b"}, "acr_values"),
        ({"second_step": "nobody"}, "second_step"),
    ],
)
def test_providers_that_cannot_be(
    door: Provider, people: People, change: dict[str, str], field: str
) -> None:
    answer = sure(people.admin).post(NEW, typed(door, **change))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not SignInProvider.objects.exists()


def test_one_of_each_name_and_issuer(door: Provider, people: People) -> None:
    connected(door)
    answer = sure(people.admin).post(NEW, typed(door))
    assert set(answer.context["form"].errors) == {"name", "key", "issuer"}


def test_superusers_let_a_provider_make_admins(door: Provider, people: People) -> None:
    root = make_user(role=Role.ADMIN, is_superuser=True)
    assert sure(root).post(NEW, typed(door, default_role="admin")).status_code == 302
    # An admin may change the rest of it.
    changed = typed(door, default_role="admin", name="Port", secret="", version="1")
    assert sure(people.admin).post(f"{ONE}edit/", changed).status_code == 302


def test_the_issuer_stays_while_people_are_linked(door: Provider, people: People) -> None:
    row = connected(door)
    client = sure(people.admin)
    other = typed(door, issuer="https://evil.example.org", secret="", version=str(row.version))
    # SECURITY: the secret that there is does not go to another issuer.
    form = client.post(f"{ONE}edit/", other).context["form"]
    assert "secret" in str(form.errors) or "issuer" in form.errors
    make_user(email="vera@example.org")
    through(door)
    form = client.post(f"{ONE}edit/", other | {"secret": "new"}).context["form"]
    assert "issuer" in form.errors
    assert SignInProvider.objects.get().issuer == door.url


def probed(door: Provider, people: People) -> str:
    return sure(people.admin).post(f"{ONE}test/").content.decode()


def test_keys_that_are_too_short_are_not_usable(
    door: Provider, people: People, settings: Any
) -> None:
    sure(people.admin).post(NEW, typed(door))
    settings.SECOPS_ISSUER_RSA_BITS = 3072
    assert "publishes no key" in probed(door, people)


def test_the_connection_test_says_what_is_wrong(door: Provider, people: People) -> None:
    connected(door)
    for change, said in (
        ({"issuer": "https://evil.example.org"}, "says that it is somebody else"),
        ({"token_endpoint": None}, "names no usable token_endpoint"),
        ({"response_types_supported": ["id_token"]}, "does not speak the authorization-code flow"),
        ({"id_token_signing_alg_values_supported": ["HS256"]}, "signs with none of"),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "takes no client secret"),
        ({"code_challenge_methods_supported": ["plain"]}, "does not say that it checks PKCE"),
        ({"scopes_supported": ["openid"]}, "does not say that it gives e-mail addresses"),
        ({"jwks_uri": f"{door.url}/nowhere"}, "answered 404"),
    ):
        kept = dict(door.document)
        door.document |= change
        assert said in probed(door, people)
        door.document = kept
    door.published = []
    assert "publishes no key" in probed(door, people)
    door.rotate("two")
    door.secret = "changed"
    assert "does not know this client and secret together (invalid_client)" in probed(door, people)
    door.server.routes["/token"] = Says(b"", 500)
    assert "does not answer" in probed(door, people)
    door.server.always = Says(b"<html>", 200, {"Content-Type": "text/html"})
    assert "no JSON but text/html" in probed(door, people)


# --- one's own links -------------------------------------------------------------------------------


@pytest.fixture
def staff(door: Provider) -> User:
    connected(door)
    return make_user("Root", email="root@example.org", role=Role.ADMIN, is_staff=True)


def test_staff_connects_itself(door: Provider, staff: User) -> None:
    door.who = {"sub": "7", "email": "root@example.org"}
    assert through(door).status_code == 403
    client = signed_in(staff)
    page = client.get("/settings/security/").content.decode()
    assert "for=connect" in page
    # Not from a browser that was left open.
    answer = client.get("/sign-in/with/harbour/", {"for": "connect"})
    assert answer["Location"].startswith("/settings/security/confirm/")
    client = sure(staff)
    address = gone(client, **{"for": "connect", "next": "/settings/security/"})
    assert back(client, door, address)["Location"] == "/settings/security/"
    assert "root@example.org" in client.get("/settings/security/").content.decode()
    entry = AuditEntry.objects.get(action="identity.link")
    assert (entry.user, entry.actor_kind) == (staff, "user")
    stranger = Client()
    assert through(door, stranger)["Location"] == "/"
    assert stranger.get("/").context["actor"].user == staff
    pk = PersonIdentity.objects.get().pk
    other = sure(make_user())
    assert other.post(f"/settings/security/identities/{pk}/remove/").status_code == 404
    assert client.post(f"/settings/security/identities/{pk}/remove/").status_code == 302
    assert not PersonIdentity.objects.exists()


def test_what_belongs_to_somebody_else_is_not_connected(door: Provider, staff: User) -> None:
    vera = make_user(email="vera@example.org")
    through(door)
    client = sure(staff)
    assert back(client, door, gone(client, **{"for": "connect"})).status_code == 403
    assert PersonIdentity.objects.get().user == vera


def test_connecting_is_for_who_asked(door: Provider, staff: User) -> None:
    client = sure(staff)
    answer = door.answer(gone(client, **{"for": "connect"})).removeprefix(
        "https://portal.example.org"
    )
    client.force_login(make_user())
    assert client.get(answer).status_code == 403
    client.logout()
    assert client.get(answer).status_code == 403
    assert not PersonIdentity.objects.exists()


def test_the_provider_confirms_who_it_is(door: Provider, people: People) -> None:
    connected(door, makes_people=True)
    client = Client()
    door.who = {"auth_time": int(time.time()) - 3600}
    through(door, client)
    path = "/settings/security/app/"
    confirm = client.get(path)["Location"]
    page = client.get(confirm).content.decode()
    assert "for=confirm" in page
    assert 'type="password"' not in page  # there is none
    ask = {"for": "confirm", "next": path}
    # It did not ask anew, or it was somebody else.
    assert back(client, door, gone(client, **ask)).status_code == 403
    assert client.get(path).status_code == 302
    door.who = {"sub": "999", "email": "other@example.org"}
    assert back(client, door, gone(client, **ask)).status_code == 403
    assert not User.objects.filter(email="other@example.org").exists()
    assert client.get(path).status_code == 302
    door.who = {}
    address = gone(client, **ask)
    assert back(client, door, address)["Location"] == path
    assert (door.asked["prompt"], door.asked["max_age"]) == ("login", "0")
    assert client.get(path).status_code == 200
    assert is_in(client)


def test_the_only_way_in_is_not_taken_away(door: Provider) -> None:
    connected(door, makes_people=True)
    client = Client()
    through(door, client)
    pk = PersonIdentity.objects.get().pk
    answer = client.post(f"/settings/security/identities/{pk}/remove/", follow=True)
    assert "only way in" in answer.content.decode()
    assert PersonIdentity.objects.exists()
