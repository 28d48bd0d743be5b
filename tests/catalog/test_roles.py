"""A system is changed, and roles on it are given and taken: who may, what is refused, what is on record."""

import pytest

from apps.accounts.actors import Actor
from apps.accounts.models import Membership
from apps.accounts.roles import Role, Scope
from apps.audit.models import AuditEntry
from apps.catalog.models import System
from apps.catalog.services import membership_remove, membership_set
from apps.common.errors import Conflict, NotPermitted
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of, make_team, make_token, make_user
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
EDIT, ROLES, API = "/systems/payments/edit/", "/systems/payments/roles/", "/systems/payments/roles"
TYPED = {
    "version": "1",
    "name": "Payments",
    "key": "payments",
    "description": "Takes invoices in.",
    "owner": "",
    "criticality": "4",
    "repositories": "git.example.org/pay\nhttps://wiki.example.org/pay\n\n",
    "default_branch": "trunk",
}


def role_of(people: People, name: str) -> str:
    rows = Membership.objects.filter(system=people.system, user=getattr(people, name))
    return rows.values_list("role", flat=True).first() or ""


def test_a_systems_admin_changes_it(people: People) -> None:
    client = signed_in(people.system_admin)
    assert f'href="{EDIT}"' in text_of(client, "/systems/payments/")
    assert client.post(EDIT, TYPED)["Location"] == "/systems/payments/"
    row = System.objects.get(key="payments")
    assert (row.criticality, row.default_branch, row.version) == (4, "trunk", 2)
    assert row.repositories == ["https://git.example.org/pay", "https://wiki.example.org/pay"]
    assert AuditEntry.objects.get(action="system.edit").user == people.system_admin
    late = client.post(EDIT, TYPED | {"name": "Mine"})
    assert late.status_code == 409
    assert "Somebody else changed this" in late.content.decode()
    assert System.objects.get(key="payments").name == "Payments"
    assert client.post(EDIT, TYPED | {"version": "2", "key": "pay"})["Location"] == "/systems/pay/"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"key": "payroll"}, "key"),  # another's
        ({"key": "new"}, "key"),
        ({"key": ""}, "key"),
        ({"name": ""}, "name"),
        ({"repositories": "javascript:alert(1)"}, "repositories"),
        (
            {"repositories": "\n".join(f"https://{n}.example.org" for n in range(51))},
            "repositories",
        ),
        ({"default_branch": ""}, "default_branch"),
    ],
)
def test_what_cannot_be_is_marked(people: People, change: dict[str, str], field: str) -> None:
    answer = signed_in(people.system_admin).post(EDIT, TYPED | change)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert System.objects.get(pk=people.system.pk).version == 1


@pytest.mark.parametrize("path", [EDIT, ROLES])
@pytest.mark.parametrize(
    ("who", "status"),
    [
        *(("system_admin", 200), ("admin", 200)),
        *(("viewer", 403), ("architect", 403), ("security", 403), ("chief", 403)),
        *(("outsider", 404), ("nobody", 404)),
    ],
)
def test_who_manages_a_system(people: People, path: str, who: str, status: int) -> None:
    client = signed_in(getattr(people, who))
    assert client.get(path).status_code == status
    if status != 200:
        assert client.post(path, TYPED).status_code == status
        assert as_user(getattr(people, who)).get(API).status_code == status


def test_a_role_is_given_changed_taken_away_and_back(people: People) -> None:
    client, address = signed_in(people.system_admin), people.nobody.email
    client.post(ROLES, {"person": address.upper(), "role": "viewer"})
    assert role_of(people, "nobody") == "viewer"
    page = text_of(client, ROLES)
    assert "No Body is Viewer here now." in page
    assert "No Body is Viewer here now." not in text_of(client, ROLES)
    client.post(ROLES, {"person": address, "role": "security", "was": "viewer"})
    client.post(ROLES, {"person": address, "role": "", "was": "security"})
    assert role_of(people, "nobody") == ""
    assert "No Body has no role of their own here any more." in text_of(client, ROLES)
    client.post(ROLES, {"person": address, "role": "security", "was": ""})  # the button Undo
    assert role_of(people, "nobody") == "security"
    told = AuditEntry.objects.filter(action__startswith="membership", user=people.system_admin)
    assert [entry.changes["role"] for entry in told.order_by("pk")] == [
        ["", "viewer"],
        ["viewer", "security"],
        ["security", ""],
        ["", "security"],
    ]


def test_a_teams_role_shows_whom_it_reaches(people: People) -> None:
    team = make_team("Harbour", make_user("Tess Teammate"))
    client = signed_in(people.system_admin)
    client.post(ROLES, {"team": team.key, "role": "architect"})
    page = text_of(client, ROLES)
    assert "Tess Teammate" in page
    assert "Chief Security" in page  # by a role in the organisation


@pytest.mark.parametrize(
    "typed",
    [
        {"role": "viewer"},
        {"person": "stranger@example.org", "role": "viewer"},
        {"person": "no address", "role": "viewer"},
        {"team": "no-team", "role": "viewer"},
        {"person": "PERSON", "role": "emperor"},
        {"person": "PERSON", "role": "viewer", "was": "admin"},  # read before another's change
        {"person": "PERSON", "role": ""},  # has none
    ],
)
def test_what_gives_no_role(people: People, typed: dict[str, str]) -> None:
    typed = {name: text.replace("PERSON", people.nobody.email) for name, text in typed.items()}
    answer = signed_in(people.system_admin).post(ROLES, typed)
    assert answer.status_code == 422
    assert Membership.objects.count() == 5


def test_nobody_locks_themselves_out(people: People) -> None:
    actor = actor_of(people.system_admin)
    for act in (
        lambda: membership_remove(actor=actor, system=people.system, user=people.system_admin),
        lambda: membership_set(
            actor=actor, system=people.system, user=people.system_admin, role=Role.VIEWER
        ),
    ):
        with pytest.raises(Conflict):
            act()
    assert signed_in(people.system_admin).get(ROLES).status_code == 200
    boss = actor_of(people.admin)
    membership_set(actor=boss, system=people.system, user=people.admin, role=Role.VIEWER)
    membership_remove(actor=boss, system=people.system, user=people.system_admin)


def test_nobody_gives_or_takes_more_than_they_have(people: People) -> None:
    """A token manages neither people nor tokens, so it makes no admin and unmakes none."""
    token = make_token(people.admin, Scope.WRITE).token
    actor = Actor(user=people.admin, token=token)
    membership_set(actor=actor, system=people.system, user=people.nobody, role=Role.SECURITY)
    for act in (
        lambda: membership_set(
            actor=actor, system=people.system, user=people.nobody, role=Role.ADMIN
        ),
        lambda: membership_remove(actor=actor, system=people.system, user=people.system_admin),
    ):
        with pytest.raises(NotPermitted):
            act()
    assert role_of(people, "nobody") == "security"
    assert role_of(people, "system_admin") == "admin"


def test_roles_over_the_api(people: People) -> None:
    api = as_user(people.system_admin)
    given = api.post(API, {"person": people.nobody.email, "role": "architect"})
    assert given.status_code == 201
    assert given.json()["person"]["email"] == people.nobody.email
    listed = api.get(API).json()["results"]
    assert [row["role"] for row in listed if row["id"] == given.json()["id"]] == ["architect"]
    assert api.delete(f"{API}/{given.json()['id']}").status_code == 204
    assert api.delete(f"{API}/{given.json()['id']}").status_code == 404
    for wrong in (
        {"role": "viewer"},
        {"person": people.nobody.email, "team": make_team().key, "role": "viewer"},
        {"person": "stranger@example.org", "role": "viewer"},
        {"team": "none", "role": "viewer"},
        {"person": people.nobody.email, "role": ""},
    ):
        assert api.post(API, wrong).status_code == 400, wrong
    others = Membership.objects.exclude(system=people.system).get()
    assert api.delete(f"{API}/{others.pk}").status_code == 404
