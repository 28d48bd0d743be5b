"""Joiners, movers and leavers by a script: what a token for people reaches, and what not."""

import pytest
from django.test import Client

from apps.accounts.models import PersonSession, SecondFactor, User
from apps.accounts.roles import Role, Scope
from apps.accounts.services.tokens import token_create_for_self
from apps.audit.models import AuditEntry
from apps.common.errors import NotPermitted
from tests.api.conftest import Api
from tests.conftest import People
from tests.factories import actor_of, make_team, make_token, make_user

pytestmark = pytest.mark.django_db
SECRETS = ("password", "digest", "sealed", "argon2", "link", "session_key")


@pytest.fixture
def api(people: People) -> Api:
    return Api(make_token(people.admin, Scope.PEOPLE).text)


def test_somebody_joins_moves_and_leaves(people: People, api: Api) -> None:
    harbour, crane = make_team("Harbour"), make_team("Crane")
    given = {
        "email": "Nora@Example.org",
        "name": "Nora Near",
        "role": "viewer",
        "teams": [harbour.key],
    }
    made = api.post("/people", given)
    assert made.status_code == 201
    nora = User.objects.get(email="nora@example.org")
    assert made.headers["Location"] == f"/api/v1/people/{nora.pk}"
    assert not nora.has_usable_password()
    told = made.json()
    assert (told["role"], told["teams"], told["is_active"]) == ("viewer", [harbour.key], True)

    change = {"role": "architect", "teams": [crane.key]}
    moved = api.patch(f"/people/{nora.pk}", change, if_match=made["ETag"])
    assert moved.status_code == 200, moved.content
    assert (moved.json()["role"], moved.json()["teams"]) == ("architect", [crane.key])
    stale = api.patch(f"/people/{nora.pk}", {"name": "N."}, if_match=made["ETag"])
    assert stale.status_code == 412

    PersonSession.objects.create(user=nora, session_key="k")
    hers = Api(make_token(nora).text)
    assert hers.get("/me").status_code == 200
    left = api.patch(f"/people/{nora.pk}", {"is_active": False}, if_match=moved["ETag"])
    assert left.json()["is_active"] is False
    assert not nora.sessions.exists()
    assert hers.get("/me").status_code == 401
    entries = AuditEntry.objects.filter(object_type="user", object_id=str(nora.pk)).order_by("id")
    assert [(each.action, each.actor_kind) for each in entries] == [
        ("person.add", "token"),
        ("person.edit", "token"),
        ("person.edit", "token"),
    ]
    assert entries[2].changes == {"is_active": [True, False]}


def test_who_there_is(people: People, api: Api) -> None:
    SecondFactor.objects.create(user=people.viewer, kind="app", name="Phone", sealed=b"x")
    User.objects.filter(pk=people.architect.pk).update(is_active=False)
    everybody = api.get("/people").json()["results"]
    assert {each["email"] for each in everybody} == set(
        User.objects.values_list("email", flat=True)
    )
    (vera,) = api.get("/people?text=vera").json()["results"]
    assert (vera["name"], vera["has_factor"]) == ("Vera Viewer", True)
    assert vera["roles"] == [{"system": "payments", "role": "viewer"}]
    (off,) = api.get("/people?is_active=false").json()["results"]
    assert off["id"] == people.architect.pk
    assert api.get("/people/999999").status_code == 404
    team = make_team("Harbour", people.viewer)
    teams = api.get("/teams").json()["results"]
    assert teams == [
        {"key": team.key, "name": "Harbour", "people_count": 1, "system_count": 0},
    ]
    said = (
        api.get("/people").content.decode()
        + api.get(f"/people/{people.viewer.pk}").content.decode()
    )
    assert not [word for word in SECRETS if word in said]


def test_admins_and_staff_are_out_of_reach_even_ones_own_account(people: People, api: Api) -> None:
    """Whoever finds the token must not win over an admin: another address would be enough."""
    others = (
        people.admin,
        make_user("Petra Peer", role=Role.ADMIN),
        make_user("Stan Staff", is_staff=True),
        make_user("Ruth Root", role=Role.ADMIN, is_staff=True, is_superuser=True),
    )
    for other in others:
        for change in ({"email": "mine@example.org"}, {"is_active": False}, {"name": "X"}):
            answer = api.patch(f"/people/{other.pk}", change, if_match=f'"{other.version}"')
            assert answer.status_code == 403
            assert answer.json()["detail"] == "Only superusers change admins and staff."
    up = api.patch(f"/people/{people.viewer.pk}", {"role": "admin"}, if_match='"1"')
    assert up.status_code == 400
    assert (
        api.post("/people", {"email": "a@b.org", "name": "A", "role": "admin"}).status_code == 400
    )
    assert not User.objects.filter(email__in=["mine@example.org", "a@b.org"]).exists()


def test_a_superusers_token_reaches_no_further(people: People) -> None:
    root = make_user("Ruth Root", role=Role.ADMIN, is_staff=True, is_superuser=True)
    api = Api(make_token(root, Scope.PEOPLE).text)
    assert api.patch(f"/people/{people.admin.pk}", {"name": "X"}, if_match='"1"').status_code == 403
    assert (
        api.patch(f"/people/{people.viewer.pk}", {"name": "Vera V."}, if_match='"1"').status_code
        == 200
    )


def test_the_token_opens_nothing_else(people: People, api: Api) -> None:
    for path in ("/systems/payments", "/audit", "/webhooks"):
        assert api.get(path).status_code in {403, 404}, path
    assert api.post("/tokens", {"name": "more", "scope": "people"}).status_code == 403


def test_only_admins_make_it_and_it_ends_with_their_role(people: People, api: Api) -> None:
    for person in (people.viewer, people.system_admin, people.chief):
        with pytest.raises(NotPermitted):
            token_create_for_self(actor=actor_of(person), name="x", scope=Scope.PEOPLE)
    User.objects.filter(pk=people.admin.pk).update(role="security")
    assert api.get("/people").status_code == 403


def test_neither_a_session_nor_another_token_is_enough(people: People) -> None:
    assert Api(make_token(people.admin, Scope.WRITE).text).get("/people").status_code == 403
    client = Client()
    client.force_login(people.admin)
    assert client.get("/api/v1/people").status_code == 401


def test_the_page_offers_it_to_those_who_manage_people(people: People) -> None:
    for person, offered in ((people.admin, True), (people.chief, False)):
        client = Client()
        client.force_login(person)
        assert ('value="people"' in client.get("/settings/tokens/").content.decode()) is offered
        answer = client.post("/settings/tokens/", {"name": "joiners", "scope": "people", "days": 9})
        assert answer.status_code == (200 if offered else 422)
    assert "manage people" in client.get("/settings/tokens/").content.decode() or not offered
