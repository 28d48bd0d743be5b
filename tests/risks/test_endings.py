"""Statements that others replace, and undoing: of that, of a withdrawal, and of a decision."""

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.advice.carried import statements_carried
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, Invalid
from apps.common.events import deliver_due
from apps.controls.services.controls import control_set_status
from apps.notices.models import Notice
from apps.notices.words import words_of
from apps.planning.models import Decision, ItemStatus
from apps.risks.changes import changes_since
from apps.risks.models import RiskStatement, StatementEnd
from apps.risks.services.decisions import (
    decision_confirm,
    decision_record_with_treatments,
    decision_undo_with_treatments,
)
from apps.risks.services.endings import (
    statement_restore,
    statement_supersede,
    statement_withdraw,
)
from apps.risks.services.statements import statement_edit, statement_publish
from tests.api.conftest import as_user, problem_fields
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_control,
    make_effect,
    make_item,
    make_option,
    make_statement,
    statement_text,
)

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")


@pytest.fixture
def three(people: People) -> list[RiskStatement]:
    """An old statement and the two that say it better, all published and on the item as a whole."""
    item = make_item(people.system)
    return [make_statement(item, published=True) for _ in range(3)]


def carried(people: People) -> set[str]:
    return {each.key for each in statements_carried(actor_of(people.viewer))}


def decide(people: People, statement: RiskStatement, **fields: Any) -> Decision:
    given: dict[str, Any] = {"option": make_option(statement.item), "reason": "It is cheap."}
    return decision_record_with_treatments(
        actor=actor_of(people.architect),
        item=statement.item,
        treatments={statement.pk: "accept"},
        **given | fields,
    )


def later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    at = timezone.now() + dt.timedelta(days=days)
    monkeypatch.setattr("django.utils.timezone.now", lambda: at)


def test_two_take_the_place_of_one_and_it_is_undone(
    people: People, three: list[RiskStatement]
) -> None:
    old, *new = three
    assert carried(people) == {each.key for each in three}
    security = as_user(people.security)
    given = {"by": [each.key for each in new], "reason": "Two causes."}
    told = security.post(f"/statements/{old.key}/supersede", given).json()
    assert (told["state"], told["superseded_by"]) == ("superseded", given["by"])
    assert carried(people) == set(given["by"])
    assert as_user(people.viewer).get(f"/statements/{new[0].key}").json()["supersedes"] == [old.key]
    # It is kept as it was, and says where it went.
    assert security.edit(f"/statements/{old.key}", {"asset": "x"}).status_code == 409
    assert security.post(f"/statements/{old.key}/publish").status_code == 409
    assert security.post(f"/statements/{old.key}/supersede", given).status_code == 409
    page = Client()
    page.force_login(people.viewer)
    shown = page.get(f"/risks/{old.key}/").content.decode()
    assert all(f'href="/risks/{key}/"' in shown for key in given["by"])
    for there in (f"/risks/{new[1].key}/", f"/planning/{old.item.key}/"):
        assert f'href="/risks/{old.key}/"' in page.get(there).content.decode()

    version = RiskStatement.objects.get(pk=old.pk).version
    back = security.post(f"/statements/{old.key}/restore", {"reason": "One cause after all."})
    assert (back.json()["state"], back.json()["superseded_by"]) == ("published", [])
    assert back.json()["has_unpublished_changes"] is False
    assert back.json()["version"] == version
    assert carried(people) == {each.key for each in three}
    ends = as_user(people.viewer).get(f"/statements/{old.key}/ends").json()["results"]
    assert [(each["before"], each["after"]) for each in ends] == [
        ("superseded", "published"),
        ("published", "superseded"),
    ]
    assert (ends[0]["undoes"], ends[1]["successors"]) == (ends[1]["id"], given["by"])
    actions = AuditEntry.objects.filter(action__startswith="statement.").values_list(
        "action", flat=True
    )
    assert {"statement.supersede", "statement.restore"} <= set(actions)
    # Undone once: there is nothing more to undo.
    assert security.post(f"/statements/{old.key}/restore", {"reason": "x"}).status_code == 409


def test_what_is_no_successor(people: People, three: list[RiskStatement]) -> None:
    old, new, _ = three
    api = as_user(people.security)
    foreign = make_statement(make_item(people.other_system), published=True)
    draft = make_statement(old.item)
    for key in (old.key, draft.key, foreign.key, "RS-99999999"):
        answer = api.post(f"/statements/{old.key}/supersede", {"by": [key], "reason": "x"})
        assert answer.status_code == 400, key
    with pytest.raises(Invalid) as caught:
        statement_supersede(actor=TESTS, statement=old, successors=[foreign], reason="x")
    assert set(caught.value.fields) == {"successors"}
    with pytest.raises(Conflict):
        statement_supersede(actor=TESTS, statement=draft, successors=[new], reason="x")
    given = {"by": [new.key], "reason": "x"}
    assert as_user(people.viewer).post(f"/statements/{old.key}/supersede", given).status_code == 403
    outsider = as_user(people.outsider)
    assert outsider.post(f"/statements/{old.key}/supersede", given).status_code == 404
    assert outsider.get(f"/statements/{old.key}/ends").status_code == 404
    assert problem_fields(
        api.post(f"/statements/{old.key}/supersede", {"by": [new.key], "reason": " "})
    ) == {"reason"}


def test_a_withdrawal_is_undone_for_a_week(
    people: People, three: list[RiskStatement], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, other, _ = three
    draft = make_statement(old.item)
    for statement in (old, draft):
        statement_withdraw(actor=TESTS, statement=statement, reason="Gone.")
        restored = statement_restore(actor=TESTS, statement=statement, reason="Not gone.")
        assert restored.state == ("draft" if statement is draft else "published")
    statement_withdraw(actor=TESTS, statement=other, reason="Gone.")
    later(monkeypatch, days=8)
    with pytest.raises(Conflict):
        statement_restore(actor=TESTS, statement=other, reason="Not gone.")


def test_the_record_of_an_ending_never_changes(three: list[RiskStatement]) -> None:
    statement_withdraw(actor=TESTS, statement=three[0], reason="Gone.")
    with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
        StatementEnd.objects.update(reason="Other words.")


def test_a_control_that_came_meanwhile_counts_after_the_undoing(
    people: People, three: list[RiskStatement]
) -> None:
    """Half of the events prevented, surely: half of the expected loss is left."""
    old = three[0]
    control = make_control(people.system)
    make_effect(control, old, frequency="0.5")
    before = old.valuation.expected_annual_loss
    statement_withdraw(actor=TESTS, statement=old, reason="Gone.")
    control_set_status(actor=TESTS, control=control, status="in_place")
    statement_restore(actor=TESTS, statement=old, reason="Not gone.")
    while deliver_due():
        pass
    old.refresh_from_db()
    assert old.published is not None
    assert float(old.published.valuation.expected_annual_loss) == pytest.approx(
        float(before) / 2, rel=1e-6
    )


def test_those_concerned_are_told(people: People, three: list[RiskStatement]) -> None:
    old, new, _ = three
    decide(people, old)
    statement_supersede(
        actor=actor_of(people.security), statement=old, successors=[new], reason="Clearer."
    )
    while deliver_due():
        pass
    [notice] = Notice.objects.filter(kind="risk")
    assert notice.user == people.architect  # who decided on it
    assert words_of(notice).title.endswith(f"replaced the risk {old.key}")
    assert words_of(notice).text == "Clearer."


def test_a_decision_hands_its_treatment_on(people: People, three: list[RiskStatement]) -> None:
    old, new, other = three
    decision = decide(people, old)
    statement_supersede(actor=TESTS, statement=old, successors=[new], reason="Clearer.")
    assert [(each.kind, each.statement.key) for each in changes_since(decision)] == [
        ("superseded", old.key)
    ]
    confirmed = decision_confirm(actor=actor_of(people.architect), decision=decision)
    assert [(each.statement_id, each.treatment) for each in confirmed.treatments.all()] == [
        (new.pk, "accept"),
        (other.pk, ""),
    ]


def test_a_decision_is_undone_and_the_one_before_holds_again(
    people: People, three: list[RiskStatement]
) -> None:
    first = decide(people, three[0])
    risk = three[0]
    statement_edit(
        actor=TESTS, statement=risk, version=None, content=statement_text(rationale="Anew.")
    )
    statement_publish(actor=TESTS, statement=risk)
    second = decide(people, risk, reason="By mistake.")
    api = as_user(people.architect)
    assert (
        as_user(people.viewer).post(f"/decisions/{second.pk}/undo", {"reason": "x"}).status_code
        == 403
    )
    assert problem_fields(api.post(f"/decisions/{second.pk}/undo", {"reason": " "})) == {"reason"}
    told = api.post(f"/decisions/{second.pk}/undo", {"reason": "Wrong item."})
    assert (told.json()["end"], told.json()["end_reason"]) == ("undone", "Wrong item.")
    holds = Decision.objects.get(item=risk.item, ended_at=None)
    assert (holds.restores, holds.decided_by, holds.decided_at) == (
        first,
        people.architect,
        first.decided_at,
    )
    # As it was decided, on the revision of its own day.
    kept, then = (
        [(each.statement_id, each.treatment, each.revision_id) for each in row.treatments.all()]
        for row in (holds, first)
    )
    assert kept == then
    assert [treatment for _pk, treatment, _revision in kept] == ["accept", "", ""]
    first.refresh_from_db()
    assert first.end == "replaced"  # the record stays as it was
    risk.item.refresh_from_db()
    assert risk.item.status == ItemStatus.DECIDED
    assert api.post(f"/decisions/{second.pk}/undo", {"reason": "x"}).status_code == 409
    assert api.post(f"/decisions/{holds.pk}/undo", {"reason": "x"}).status_code == 409
    assert AuditEntry.objects.filter(action="decision.undo").count() == 1


def test_the_first_decision_undone_leaves_the_item_open(
    people: People, three: list[RiskStatement], monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = decide(people, three[0])
    page = Client()
    page.force_login(people.architect)
    url, item = f"/planning/{decision.item.key}/undo/", decision.item
    assert page.post(url, {"decision": decision.pk, "undo-reason": ""}).status_code == 422
    page.post(url, {"decision": decision.pk, "undo-reason": "A slip."})
    item.refresh_from_db()
    assert item.status == ItemStatus.OPEN
    shown = page.get(f"/planning/{item.key}/").content.decode()
    assert "A slip." in shown
    again = decide(people, three[0])
    later(monkeypatch, days=8)
    with pytest.raises(Conflict):
        decision_undo_with_treatments(actor=TESTS, decision=again, reason="Too late.")


def test_ending_and_undoing_on_the_page(people: People, three: list[RiskStatement]) -> None:
    old, new, _ = three
    client = Client()
    client.force_login(people.security)
    path = f"/risks/{old.key}"
    for wrong in ("nonsense", "RS-999999", old.key):
        given = {"supersede-successors": wrong, "supersede-reason": "Clearer."}
        assert client.post(f"{path}/supersede/", given).status_code == 422
    given = {"supersede-successors": f"{new.key}", "supersede-reason": "Clearer."}
    assert client.post(f"{path}/supersede/", given).status_code == 302
    shown = client.get(f"{path}/").content.decode()
    assert "Undo this" in shown
    assert f"{path}/withdraw/" not in shown
    assert client.post(f"{path}/restore/", {"restore-reason": ""}).status_code == 422
    assert client.post(f"{path}/restore/", {"restore-reason": "No."}).status_code == 302
    old.refresh_from_db()
    assert old.state == "published"
