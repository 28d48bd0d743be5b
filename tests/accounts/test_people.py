"""People and teams on their pages: who may change whom, and what follows."""

import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.accounts.models import FactorKind, SecondFactor, Team, User
from apps.accounts.roles import Role
from apps.accounts.services.people import person_edit
from apps.audit.models import AuditEntry
from apps.catalog.models import System
from apps.common.errors import NotPermitted
from tests.conftest import People
from tests.factories import actor_of, make_team, make_user
from tests.factories.people import PASSWORD
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
PAGES = ("/settings/people/", "/settings/people/new/", "/settings/teams/")


def sure(client: Client) -> Client:
    """Who has just shown the password again."""
    client.post("/settings/security/confirm/", {"password": PASSWORD, "next": "/"})
    return client


def typed(user: User, **changes: object) -> dict[str, object]:
    """A person's form as it stands, with changes."""
    form: dict[str, object] = {
        "version": str(User.objects.get(pk=user.pk).version),
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "teams": [team.pk for team in user.teams.all()],
        "is_active": "on",
    }
    return {name: value for name, value in (form | changes).items() if value != ""}


def test_only_admins_of_the_organisation(people: People) -> None:
    for person in (people.viewer, people.architect, people.security, people.chief):
        client = sure(signed_in(person))
        for path in (*PAGES, f"/settings/people/{people.viewer.pk}/"):
            assert client.get(path).status_code == 403, path
        assert client.post("/settings/teams/", {"name": "Mine"}).status_code == 403
    client = sure(signed_in(people.admin))
    for path in PAGES:
        assert client.get(path).status_code == 200
    assert client.get("/settings/people/999999/").status_code == 404


def test_it_is_asked_who_one_is_first(people: People) -> None:
    client = signed_in(people.admin)
    session = client.session
    session["sure-at"] = 0
    session.save()
    for path in ("/settings/people/new/", f"/settings/people/{people.viewer.pk}/"):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/settings/security/confirm/")


def test_somebody_new_gets_a_link(people: People) -> None:
    client = sure(signed_in(people.admin))
    team = make_team("Harbour")
    given = {
        "name": "Nora Near",
        "email": "Nora@Example.org",
        "role": "security",
        "teams": [team.pk],
    }
    answer = client.post("/settings/people/new/", given)
    nora = User.objects.get(email="nora@example.org")
    assert answer["Location"] == f"/settings/people/{nora.pk}/"
    assert (nora.role, list(nora.teams.all()), nora.has_usable_password()) == (
        "security",
        [team],
        False,
    )
    page = client.post(f"/settings/people/{nora.pk}/link/").content.decode()
    assert "/sign-in/password/?link=" in page
    assert f'href="/settings/people/{nora.pk}/"' in page
    again = client.post("/settings/people/new/", given)
    assert again.status_code == 422
    assert "Somebody has this address already." in again.content.decode()
    assert "Nora Near" in text_of(client, "/settings/people/?q=harb")
    assert "Nora Near" not in text_of(client, "/settings/people/?q=nobody")


def test_what_an_admin_does_not_reach(people: People) -> None:
    client = sure(signed_in(people.admin))
    admin = people.admin
    root = make_user("Ruth Root", role=Role.ADMIN, is_superuser=True, is_staff=True)
    peer = make_user("Petra Peer", role=Role.ADMIN)
    for other in (root, peer):
        answer = client.post(f"/settings/people/{other.pk}/", typed(other, name="Mine"))
        assert answer.status_code == 422
        assert "Only superusers change admins and staff." in answer.content.decode()
    own = client.post(f"/settings/people/{admin.pk}/", typed(admin, role="viewer"))
    assert "What you may do yourself, another admin changes." in own.content.decode()
    assert (
        client.post(f"/settings/people/{admin.pk}/", typed(admin, name="Ada A.")).status_code == 302
    )
    up = client.post(f"/settings/people/{people.viewer.pk}/", typed(people.viewer, role="admin"))
    assert "Only superusers make admins of the organisation." in up.content.decode()
    for other in (root, peer):
        SecondFactor.objects.create(user=other, kind=FactorKind.APP, name="Phone", sealed=b"x")
        for act in ("link", "sessions/end", "factors/reset"):
            said = client.post(f"/settings/people/{other.pk}/{act}/", follow=True)
            assert "Only superusers change admins and staff." in said.content.decode(), act
        assert not other.password_links.exists()
        assert other.factors.exists()
    for each in (root, peer, admin, people.viewer):
        before = each.role
        each.refresh_from_db()
        assert each.role == before
    chief = sure(signed_in(root))
    assert chief.post(f"/settings/people/{peer.pk}/", typed(peer, role="viewer")).status_code == 302
    peer.refresh_from_db()
    assert peer.role == "viewer"


def test_who_is_switched_off_is_out(people: People) -> None:
    client = sure(signed_in(people.admin))
    person = make_user("Vic Viewer", role=Role.VIEWER)
    theirs = Client()
    theirs.post("/sign-in/", {"username": person.email, "password": PASSWORD})
    assert theirs.get("/systems/").status_code == 200
    path = f"/settings/people/{person.pk}/"
    assert client.post(path, typed(person, is_active="")).status_code == 302
    assert theirs.get("/systems/").status_code == 302
    entry = AuditEntry.objects.filter(action="person.edit").latest("id")
    assert entry.changes == {"is_active": [True, False]}
    assert "Switched off" in text_of(client, "/settings/people/?q=vic")


def test_a_form_that_was_read_before_gives_nothing_back(people: People) -> None:
    """Somebody was switched off and lost a role while another admin corrected the name."""
    client = sure(signed_in(people.admin))
    person = make_user("Vic Viewer", role=Role.ARCHITECT)
    path = f"/settings/people/{person.pk}/"
    (read,) = re.findall(r'name="version-read" value="([^"]+)"', text_of(client, path))
    stale = typed(person, name="Vic V.") | {"version-read": read}
    assert client.post(path, typed(person, role="", is_active="")).status_code == 302
    late = client.post(path, stale)
    assert late.status_code == 409
    person.refresh_from_db()
    assert (person.name, person.role, person.is_active) == ("Vic Viewer", "", False)
    page = late.content.decode()
    assert "taken over: Role in the whole organisation, May sign in" in page
    assert client.post(path, typed(person, name="Vic V.", is_active="")).status_code == 302
    person.refresh_from_db()
    assert (person.name, person.role, person.is_active) == ("Vic V.", "", False)


def test_teams(people: People) -> None:
    client = signed_in(people.admin)
    assert client.post("/settings/teams/", {"name": "Harbour pilots"}).status_code == 302
    team = Team.objects.get(key="harbour-pilots")
    assert client.post("/settings/teams/", {"name": "HARBOUR PILOTS"}).status_code == 422
    path = f"/settings/teams/{team.key}/"
    renamed = {"name": "Pilots", "key": "pilots", "version": "1"}
    assert client.post(path, renamed).status_code == 302
    assert client.post("/settings/teams/pilots/", renamed | {"name": "Late"}).status_code == 409
    team.refresh_from_db()
    assert (team.name, team.key) == ("Pilots", "pilots")
    System.objects.filter(pk=people.system.pk).update(owner=team)
    client.post("/settings/teams/pilots/remove/")
    assert Team.objects.filter(pk=team.pk).exists()
    assert "Payments" in text_of(client, "/settings/teams/pilots/")
    System.objects.update(owner=None)
    assert "Remove the team" in text_of(client, "/settings/teams/pilots/")
    client.post("/settings/teams/pilots/remove/")
    assert not Team.objects.filter(pk=team.pk).exists()


def test_a_link_ends_with_a_promotion(people: People) -> None:
    """Made for an ordinary person by an admin, and opened when that person is an admin."""
    person = make_user("Vic Viewer", role=Role.VIEWER)
    page = sure(signed_in(people.admin)).post(f"/settings/people/{person.pk}/link/")
    link = re.search(r"/sign-in/password/\?link=[\w-]+", page.content.decode())
    assert link is not None
    assert "New password" in Client().get(link[0], follow=True).content.decode()
    User.objects.filter(pk=person.pk).update(role=Role.ADMIN.value)
    over = Client().get(link[0], follow=True).content.decode()
    assert "New password" not in over


def test_a_new_address_ends_links_and_sessions(people: People) -> None:
    client = sure(signed_in(people.admin))
    person = make_user("Vic Viewer", role=Role.VIEWER)
    theirs = Client()
    theirs.post("/sign-in/", {"username": person.email, "password": PASSWORD})
    client.post(f"/settings/people/{person.pk}/link/")
    path = f"/settings/people/{person.pk}/"
    assert client.post(path, typed(person, email="vic@example.com")).status_code == 302
    assert not person.password_links.exists()
    assert theirs.get("/systems/").status_code == 302
    taken = client.post(path, typed(person, email=people.viewer.email))
    assert taken.status_code == 422


def test_the_trail_says_it_all(people: People) -> None:
    client = sure(signed_in(people.admin))
    client.post("/settings/teams/", {"name": "Pilots", "key": "pilots"})
    renamed = {"name": "Pilots", "key": "pilot", "version": "1"}
    client.post("/settings/teams/pilots/", renamed)
    team = Team.objects.get(key="pilot")
    given = {"name": "Nora", "email": "nora@example.org", "role": "", "teams": [team.pk]}
    client.post("/settings/people/new/", given)
    told = dict(AuditEntry.objects.values_list("action", "changes"))
    assert told["team.add"] == {"key": ["", "pilots"], "name": ["", "Pilots"]}
    assert told["team.edit"] == {"key": ["pilots", "pilot"]}
    assert told["person.add"]["teams"] == [[], ["pilot"]]


@pytest.mark.django_db(transaction=True)
def test_two_superusers_do_not_switch_each_other_off() -> None:
    one, other = (
        make_user(name, role=Role.ADMIN, is_superuser=True) for name in ("Una One", "Olu Other")
    )
    met = threading.Barrier(2, timeout=30)

    def switch_off(actor: User, user: User) -> str:
        try:
            by = actor_of(actor)
            met.wait()
            person_edit(actor=by, user=user, is_active=False)
        except NotPermitted:
            return "refused"
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(switch_off, one, other), pool.submit(switch_off, other, one)]
        assert sorted(each.result() for each in asked) == ["done", "refused"]
    assert User.objects.filter(is_active=True).count() == 1


def test_an_invitation_goes_by_mail_or_is_shown(people: People, settings: Any) -> None:
    """The mail holds a link that opens, in the language of whom it goes to."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.SECOPS_MAIL_ON = True
    settings.BASE_URL = "https://portal.example.org"
    client = sure(signed_in(people.admin))
    given = {"name": "Nora Near", "email": "nora@example.org", "role": "", "teams": []}
    path = client.post("/settings/people/new/", given)["Location"]
    page = text_of(client, path)
    for words in ("sees nothing yet", "Send the invitation by mail", "Show the link"):
        assert words in page
    User.objects.filter(email="nora@example.org").update(language="de", role="viewer")
    told = client.post(f"{path}invite/", follow=True).content.decode()
    assert "on its way to nora@example.org" in told
    assert "sees nothing yet" not in told
    (sent,) = mail.outbox
    assert sent.to == ["nora@example.org"]
    assert "Hallo Nora Near," in sent.body
    (address,) = re.findall(r"https://portal\.example\.org(\S+)", str(sent.body))
    opened = Client().get(address, follow=True)
    assert (opened.status_code, opened.context["person"].name) == (200, "Nora Near")
    assert AuditEntry.objects.filter(action="password.link").count() == 1


def test_what_hinders_an_invitation_is_said(people: People, settings: Any) -> None:
    settings.SECOPS_MAIL_ON = False
    client = sure(signed_in(people.admin))
    nora = make_user("Nora Near")
    path = f"/settings/people/{nora.pk}/"
    assert "Send the invitation by mail" not in text_of(client, path)
    assert "sends no mail" in client.post(f"{path}invite/", follow=True).content.decode()
    settings.SECOPS_MAIL_ON = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with socket.socket() as taken:  # bound, and nobody listens there
        taken.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = taken.getsockname()
        told = client.post(f"{path}invite/", follow=True).content.decode()
    assert "The mail did not go out" in told
    # Whoever has signed in needs no invitation, and an admin does not reach a superuser.
    User.objects.filter(pk=nora.pk).update(last_login=timezone.now())
    assert "Send the invitation by mail" not in text_of(client, path)
    boss = make_user("Big Boss", is_superuser=True, is_staff=True)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    client.post(f"/settings/people/{boss.pk}/invite/")
    assert mail.outbox == []
