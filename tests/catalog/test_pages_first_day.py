"""The first day of an empty organisation: what an admin is led to, and what everyone else is told."""

import pytest

from apps.accounts.roles import Role
from apps.audit.models import AuditEntry
from apps.catalog.models import System
from tests.conftest import People
from tests.factories import make_system, make_team, make_user
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
TYPED = {"name": "Bücher & Karten", "key": "", "description": "", "criticality": "4"}


@pytest.mark.parametrize("path", ["/", "/systems/", "/planning/", "/coverage/"])
def test_an_admin_is_led_to_the_first_system(path: str) -> None:
    page = text_of(signed_in(make_user(role=Role.ADMIN)), path)
    assert "There is no system yet" in page
    assert 'href="/systems/new/"' in page
    other = text_of(signed_in(make_user()), path)
    assert "You see no system yet" in other
    assert "/systems/new/" not in other


@pytest.mark.parametrize(
    "path", ["/planning/new/", "/controls/new/", "/incidents/new/", "/automation/new/"]
)
def test_a_form_that_needs_a_system_says_what_to_do_first(path: str) -> None:
    client = signed_in(make_user(role=Role.ADMIN))
    page = text_of(client, path)
    assert "There is no system yet" in page
    assert 'href="/systems/new/"' in page
    assert 'name="system"' not in page
    assert client.post(path, {"name": "x"}).status_code == 422
    assert signed_in(make_user()).get(path).status_code == 403
    make_system()
    assert 'name="system"' in text_of(client, path)


def test_a_system_is_added_on_a_page() -> None:
    admin, team = make_user(role=Role.ADMIN), make_team("Tickets")
    client = signed_in(admin)
    text_of(client, "/systems/new/")
    typed = TYPED | {"owner": team.key, "repository": "https://git.example.org/books"}
    answer = client.post("/systems/new/", typed)
    system = System.objects.get()
    assert answer["Location"] == f"/systems/{system.key}/" == "/systems/bucher-karten/"
    assert (system.name, system.owner, system.criticality) == (typed["name"], team, 4)
    assert system.repositories == ["https://git.example.org/books"]
    assert AuditEntry.objects.get(action="system.create").user == admin
    assert "is there." in text_of(client, "/systems/bucher-karten/")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "漢字"}, "key"),  # no letters to make one of
        ({"key": "payments"}, "key"),  # is there
        ({"key": "new"}, "key"),  # is the page's own address
        ({"key": "a b"}, "key"),
        ({"criticality": "9"}, "criticality"),
        ({"owner": "nobody"}, "owner"),
        ({"repository": "javascript:alert(1)"}, "repository"),
        ({"description": "\x00"}, "description"),
    ],
)
def test_what_cannot_be_is_marked(people: People, change: dict[str, str], field: str) -> None:
    answer = signed_in(people.admin).post("/systems/new/", TYPED | change)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert System.objects.count() == 2


def test_only_admins_of_the_organisation_add_one(people: People) -> None:
    for person in (people.system_admin, people.chief, people.viewer, people.nobody):
        client = signed_in(person)
        assert client.get("/systems/new/").status_code == 403
        assert client.post("/systems/new/", TYPED).status_code == 403
    assert System.objects.count() == 2


def test_a_pipelines_call_is_shown_where_reports_are_sent(people: People) -> None:
    page = text_of(signed_in(people.security), "/reports/new/?system=payments")
    assert "/api/v1/reports?system=payments" in page
    refused = signed_in(people.security).post("/reports/new/", {"system": '"><b>'})
    assert "<b>" not in refused.content.decode().replace("<body", "")


def test_the_administration_has_a_mark_in_its_tab(people: People) -> None:
    """It names none itself, so browsers ask for the usual one."""
    answer = signed_in(people.nobody).get("/favicon.ico")
    assert answer.status_code == 302
    assert "favicon" in answer["Location"]
    assert answer["Location"].endswith(".svg")
