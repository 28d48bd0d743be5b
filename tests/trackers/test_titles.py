"""The title of an issue that was pasted, asked of the tracker that is connected for it."""

from typing import Any

import pytest

from apps.audit.models import AuditEntry
from apps.common.models import OutboxDelivery
from apps.planning.models import PlanningItem
from apps.planning.services.items import item_create, item_edit
from apps.trackers.models import Tracker
from apps.trackers.services.titles import title_fetch
from apps.trackers.services.trackers import tracker_pause
from tests.conftest import People
from tests.factories import actor_of
from tests.servers import Says
from tests.trackers.standins import StandIn
from tests.trackers.test_trackers import TESTS, connect

pytestmark = pytest.mark.django_db


def there(one: StandIn, title: str, **raw: Any) -> str:
    """An issue in the tracker; its reference as people write it."""
    number = one.add(title, "", [], raw).number
    is_jira = one.kind.startswith("jira")  # type: ignore[attr-defined]
    bases = {
        "github": f"/repos/{one.project}/issues",
        "gitlab": "/api/v4/projects/example%2Fpayments/issues",
    }
    base = "/rest/api/2/issue/PAY-" if is_jira else f"{bases[one.kind]}/"  # type: ignore[attr-defined]
    one.server.routes[f"{base}{number}"] = lambda asked: (
        one.guarded(asked) or one.one(asked, number)
    )
    return f"PAY-{number}" if is_jira else f"{one.project}#{number}"


def named(people: People, reference: str, url: str = "") -> PlanningItem:
    return item_create(
        actor=actor_of(people.architect),
        system=people.system,
        title=reference,
        tracker_key=reference,
        tracker_url=url,
    )


def test_an_item_gets_the_issues_title_and_address(people: People, each: StandIn) -> None:
    connect(each)
    item = named(people, there(each, "Receive  invoices\nby upload"))
    assert title_fetch(item_id=item.pk)
    item.refresh_from_db()
    assert item.title == "Receive invoices by upload"
    assert item.tracker_url.startswith(("https://", "http://127.0.0.1"))
    entry = AuditEntry.objects.get(action="item.edit")
    assert entry.actor_label == "portal: trackers"
    assert not title_fetch(item_id=item.pk)  # once


def test_the_title_is_asked_for_by_an_event(people: People, github: StandIn) -> None:
    item = named(people, "example/payments#1")
    delivery = OutboxDelivery.objects.get(handler="apps.trackers.handlers.on_item_referenced")
    assert delivery.event.payload == {"item_id": item.pk}
    item_create(actor=TESTS, system=people.system, title="Links", tracker_key="example/payments#1")
    assert OutboxDelivery.objects.count() == 1  # it has a title


@pytest.mark.parametrize("each", ["gitlab", "jira-server"], indirect=True)
def test_what_is_confidential_there_stays_there(people: People, each: StandIn) -> None:
    connect(each)
    raw = {"confidential": True, "security": {"name": "Security team"}}
    item = named(people, there(each, "The key leaked", **raw))
    assert not title_fetch(item_id=item.pk)
    item.refresh_from_db()
    assert "leaked" not in item.title


def test_only_the_connection_of_that_project_is_asked(people: People, github: StandIn) -> None:
    tracker = connect(github)
    reference = there(github, "Receive invoices")
    asked = len(github.server.asked)
    for elsewhere in (
        named(people, "example/other#1"),
        named(people, reference, "https://github.example.org/example/payments/issues/1"),
        named(people, "PAY-1"),
    ):
        assert not title_fetch(item_id=elsewhere.pk)
    item = named(people, reference)
    Tracker.objects.update(system=people.other_system)  # serves another system only
    assert not title_fetch(item_id=item.pk)
    Tracker.objects.update(system=people.system)
    tracker_pause(actor=TESTS, tracker=tracker, is_paused=True)
    assert not title_fetch(item_id=item.pk)
    assert len(github.server.asked) == asked


def test_a_tracker_that_does_not_answer_costs_nothing_but_the_title(
    people: People,
    github: StandIn,
) -> None:
    connect(github)
    reference = there(github, "Receive invoices")
    item = named(people, reference)
    for refusal in (Says({"message": "gone"}, 404), Says({"message": "down"}, 503)):
        github.refusal = refusal
        assert not title_fetch(item_id=item.pk)
    tracker = Tracker.objects.get()
    assert tracker.failures == 1  # an issue that is not there says nothing of the tracker
    item.refresh_from_db()
    assert item.title == reference


def test_who_names_the_item_meanwhile_is_right(people: People, github: StandIn) -> None:
    connect(github)
    item = named(people, there(github, "Receive invoices"))
    item_edit(actor=actor_of(people.architect), item=item, version=item.version, title="Mine")
    assert not title_fetch(item_id=item.pk)
    item.refresh_from_db()
    assert item.title == "Mine"
