"""Decisions written back as comments: only where a mirror says so, and never twice by themselves."""

from typing import Any

import pytest
from django.utils import timezone

from apps.audit.models import AuditEntry
from apps.common.errors import Conflict
from apps.common.events import deliver_due
from apps.planning.models import Decision, PlanningItem
from apps.planning.services.decisions import decision_record, decision_undo
from apps.trackers.models import DecisionComment, Mirror, Tracker
from apps.trackers.services.mirroring import mirror_due
from apps.trackers.services.mirrors import mirror_save
from apps.trackers.services.telling import tell_again, tell_due
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of, make_option
from tests.pages import signed_in, text_of
from tests.servers import Says
from tests.trackers.standins import StandIn
from tests.trackers.test_mirrors import mirrored
from tests.trackers.test_trackers import TESTS, soon

pytestmark = pytest.mark.django_db
COMMENTS = {
    "github": "/repos/example/payments/issues/1/comments",
    "gitlab": "/api/v4/projects/example%2Fpayments/issues/1/notes",
    "jira-cloud": "/rest/api/2/issue/PAY-1/comment",
    "jira-server": "/rest/api/2/issue/PAY-1/comment",
}


def there(one: StandIn, people: People, **said: Any) -> PlanningItem:
    """An issue that is mirrored, and its item with an option."""
    one.add("Upload", "", ["planning"], {})
    one.server.routes[COMMENTS[one.kind]] = one.commented  # type: ignore[attr-defined]
    mirrored(one, people, **{"tells_decisions": True} | said)
    mirror_due()
    item = PlanningItem.objects.get()
    make_option(item, title="Signed URLs for @everyone")
    return item


def decided(item: PlanningItem) -> Decision:
    option = item.options.get()
    made = decision_record(actor=TESTS, item=item, option=option, reason="Cheap.\n```\n/close")
    deliver_due()
    return made


def test_a_decision_becomes_one_comment(people: People, each: StandIn) -> None:
    item = there(each, people)
    decided(item)
    assert tell_due() == 1
    assert tell_due() == 0
    (said,) = each.comments
    assert said.startswith("Decided:")
    assert "Signed URLs for @everyone" in said
    assert f"https://portal.example.org/planning/PI-{item.pk}/" in said
    block = "{noformat}" if each.project == "PAY" else "```"
    assert said.count(block) == 2  # nothing ended the block, in which nobody is mentioned
    assert said.index(block) < said.index("@everyone") < said.rindex(block)
    assert AuditEntry.objects.filter(action="decision.told").count() == 1
    assert "told in the tracker" in text_of(signed_in(people.viewer), f"/planning/PI-{item.pk}/")


def test_what_is_undone_is_told_where_it_was_told(people: People, github: StandIn) -> None:
    item = there(github, people)
    made = decided(item)
    tell_due()
    decision_undo(actor=TESTS, decision=made, reason="By mistake")
    deliver_due()
    tell_due()
    assert "The item is open again." in github.comments[1]
    assert github.comments[1].startswith("Undone:")


def test_nothing_is_told_unless_the_mirror_says_so(people: People, github: StandIn) -> None:
    item = there(github, people, tells_decisions=False)
    made = decided(item)
    mirrored(github, people, tells_decisions=True)
    decision_undo(actor=TESTS, decision=made, reason="By mistake")
    deliver_due()
    assert tell_due() == 0
    assert github.comments == []


def test_what_waits_is_not_sent_once_it_is_switched_off(people: People, github: StandIn) -> None:
    item = there(github, people)
    decided(item)
    mirrored(github, people, tells_decisions=False)
    assert tell_due() == 0
    assert github.comments == []
    with pytest.raises(Conflict):
        tell_again(actor=TESTS, item=item)


@pytest.mark.parametrize(
    ("says", "state", "words"),
    [
        (Says({}, 401), "queued", "does not let us in"),
        (Says({}, 429, {"Retry-After": "60"}), "queued", "asks us to wait"),
        (Says({}, 404), "failed", "nothing at this address"),
        (Says({}, 503), "failed", "not known whether it arrived"),
        (Says({"id": 1}, 201, announced=100_000), "failed", "not known whether it arrived"),
    ],
)
def test_odd_answers(people: People, github: StandIn, says: Says, state: str, words: str) -> None:
    item = there(github, people)
    decided(item)
    github.refusal = says
    tell_due()
    comment = DecisionComment.objects.get()
    assert comment.state == state
    assert words in comment.error
    github.refusal = None
    soon()
    assert tell_due() == (1 if state == "queued" else 0)
    if state == "failed":
        client = signed_in(people.architect)
        assert "was not told" in text_of(client, f"/planning/PI-{item.pk}/")
        client.post(f"/planning/PI-{item.pk}/tracker/tell-again/")
        tell_due()
    assert DecisionComment.objects.get().state == "sent"
    assert len(github.comments) == 1


def test_a_worker_that_died_sends_nothing_twice(
    people: People, github: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(there(github, people))

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("apps.trackers.services.telling._note", dies)
        with pytest.raises(KeyboardInterrupt):
            tell_due()
    assert tell_due() == 0
    DecisionComment.objects.update(next_attempt_at=timezone.now())
    assert tell_due() == 0
    comment = DecisionComment.objects.get()
    assert (comment.state, len(github.comments)) == ("failed", 1)


def test_over_the_api(people: People, github: StandIn) -> None:
    item = there(github, people)
    decided(item)
    github.refusal = Says({}, 404)
    tell_due()
    writer, path = as_user(people.architect), f"/items/{item.key}/tracker"
    assert writer.get(path).json()["comments"][0]["state"] == "failed"
    assert as_user(people.viewer).post(f"{path}/tell-again", {}).status_code == 403
    assert as_user(people.outsider).post(f"{path}/tell-again", {}).status_code == 404
    assert writer.post(f"{path}/tell-again", {}).json()["comments"][0]["state"] == "queued"
    assert writer.post(f"{path}/tell-again", {}).status_code == 409


def test_who_may_switch_it_on(people: People, github: StandIn) -> None:
    there(github, people, tells_decisions=False)
    row, tracker = Mirror.objects.get(), Tracker.objects.get()
    said: dict[str, Any] = {"is_on": row.is_on, "rule": row.rule, "system": row.system,
                            "routes": {}, "kind": row.kind, "stage": row.stage}  # fmt: skip
    mirror_save(
        actor=actor_of(people.admin), tracker=tracker, version=None, tells_decisions=True, **said
    )
    entry = AuditEntry.objects.filter(action="tracker.mirror").latest("pk")
    assert entry.changes == {"tells_decisions": [False, True]}
