"""Writing a planning item through the page."""

import re

import pytest
from django.test import Client

from apps.accounts.actors import Actor
from apps.planning.models import PlanningItem
from apps.planning.services.decisions import decision_record
from apps.planning.services.items import item_edit
from tests.conftest import People
from tests.factories import make_item, make_option

NEW = "/planning/new/"


def _typed(**changes: str) -> dict[str, str]:
    return {
        "title": "Receive invoices by upload",
        "system": "payments",
        "question": "Where do the files go?",
        "kind": "decision",
        "stage": "plan",
        "tracker_key": "PAY-142",
        "tracker_url": "https://tracker.example.org/PAY-142",
    } | changes


def test_a_new_item_is_written_and_shown(client: Client, people: People) -> None:
    client.force_login(people.architect)
    response = client.post(NEW, _typed(), follow=True)
    item = PlanningItem.objects.get()
    assert response.redirect_chain == [(f"/planning/PI-{item.pk}/", 302)]
    assert (item.system, item.kind, item.tracker_key) == (people.system, "decision", "PAY-142")
    assert item.created_by == people.architect
    assert "Where do the files go?" in response.content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"tracker_url": "javascript:alert(1)"}, "tracker_url"),
        ({"system": "payroll"}, "system"),  # exists, and is none of the architect's
        ({"stage": "ship"}, "stage"),
    ],
)
def test_a_refused_form_keeps_what_was_typed(
    client: Client, people: People, changes: dict[str, str], field: str
) -> None:
    client.force_login(people.architect)
    response = client.post(NEW, _typed(**changes))
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert "Where do the files go?" in response.content.decode()
    assert not PlanningItem.objects.exists()


@pytest.mark.parametrize("who", ["viewer", "nobody"])
def test_who_may_not_write_is_told_so(client: Client, people: People, who: str) -> None:
    client.force_login(getattr(people, who))
    assert client.get(NEW).status_code == 403
    assert client.post(NEW, _typed()).status_code in {403, 422}
    assert not PlanningItem.objects.exists()


def test_a_link_may_fill_in_system_and_stage(client: Client, people: People) -> None:
    client.force_login(people.chief)
    page = client.get(f"{NEW}?system=payroll&stage=build").content.decode()
    assert '<option value="payroll" selected>' in page
    assert '<option value="build" selected>' in page


def _edit(client: Client, item: PlanningItem, version: int, **changes: str) -> object:
    typed = _typed(status="open", version=str(version), **changes)
    return client.post(f"/planning/PI-{item.pk}/edit/", typed)


def test_an_edit_changes_the_item(client: Client, people: People) -> None:
    item = make_item(people.system, title="Old words")
    client.force_login(people.architect)
    response = _edit(client, item, item.version, title="New words")
    item.refresh_from_db()
    assert response["Location"] == f"/planning/PI-{item.pk}/"  # type: ignore[index]
    assert (item.title, item.version) == ("New words", 2)


@pytest.mark.parametrize("wanted", ["idea", "open"])
def test_an_edit_takes_no_decision_back(client: Client, people: People, wanted: str) -> None:
    item = make_item(people.system)
    actor = Actor(user=people.chief)
    decision_record(actor=actor, item=item, option=make_option(item), reason="The cheapest way.")
    client.force_login(people.architect)
    page = client.get(f"/planning/PI-{item.pk}/edit/").content.decode()
    offered = re.findall(r'<option value="(idea|open|decided|done)"', page)
    assert offered == ["decided", "done"]
    item.refresh_from_db()
    typed = _typed(version=str(item.version), status=wanted)
    refused = client.post(f"/planning/PI-{item.pk}/edit/", typed)
    assert refused.status_code == 422
    assert "A decision is in force." in refused.content.decode()
    item.refresh_from_db()
    assert item.status == "decided"


def test_two_editors_never_overwrite_each_other_silently(client: Client, people: People) -> None:
    item = make_item(people.system, title="Read by both")
    item_edit(actor=Actor(user=people.chief), item=item, version=1, title="Hers, saved first")
    client.force_login(people.architect)
    response = _edit(client, item, 1, title="His, typed meanwhile")
    page = response.content.decode()  # type: ignore[attr-defined]
    item.refresh_from_db()
    assert response.status_code == 409  # type: ignore[attr-defined]
    assert item.title == "Hers, saved first"
    assert 'value="His, typed meanwhile"' in page  # nothing typed is lost
    assert "Hers, saved first" in page  # the current text stands beside it
    assert "Somebody else changed this" in page
    # He has seen both now: saving again is his decision.
    assert 'name="version" value="2"' in page
    _edit(client, item, 2, title="His, typed meanwhile")
    item.refresh_from_db()
    assert item.title == "His, typed meanwhile"


def test_an_edit_without_a_version_is_refused(client: Client, people: People) -> None:
    item = make_item(people.system, title="Stays")
    client.force_login(people.architect)
    typed = _typed(status="open", title="Goes")
    response = client.post(f"/planning/PI-{item.pk}/edit/", typed)
    item.refresh_from_db()
    assert response.status_code == 422
    assert item.title == "Stays"


@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("outsider", 404), ("nobody", 404)])
def test_strangers_find_nothing_and_viewers_may_not(
    client: Client, people: People, who: str, status: int
) -> None:
    item = make_item(people.system)
    client.force_login(getattr(people, who))
    assert client.get(f"/planning/PI-{item.pk}/edit/").status_code == status
    assert _edit(client, item, 1).status_code == status  # type: ignore[attr-defined]
