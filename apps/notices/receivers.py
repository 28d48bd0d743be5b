"""What the outbox tells this app. Idempotent: a person is told of an event once."""

from typing import Any

from django.urls import reverse

from apps.accounts.mentions import people_named, with_names
from apps.accounts.models import User
from apps.accounts.roles import Permission
from apps.automation.models import Automation
from apps.catalog.models import System
from apps.coverage.models import Silence
from apps.notices.kinds import NoticeKind
from apps.notices.recipients import people_for
from apps.notices.services.tell import tell, tell_together
from apps.planning.models import Answer, Decision, PlanningItem, Question, Recommendation
from apps.planning.places import question_path, question_place
from apps.risks.changes import changes_since
from apps.risks.models import RiskRevision, StatementEnd, StatementReview
from apps.scans.models import Report
from apps.sources.models import Source

Payload = dict[str, Any]


def on_question_asked(event_id: int, payload: Payload) -> None:
    question = _found(
        Question, payload["question_id"], "item__system__owner", "system__owner", "asked_by"
    )
    if question is None:
        return
    system = question.of_system
    _tell_named(event_id, question, question)
    people = people_for(system, Permission.QUESTION_ANSWER)
    tell(
        event_id=event_id,
        at=question.asked_at,
        kind=NoticeKind.QUESTION,
        people=[each for each in people if each.pk != question.asked_by_id],
        path=question_path(question),
        system=system,
        facts={
            "who": question.asked_by or "",
            "text": with_names(question.body, question.names),
            "on": question_place(question),
        },
    )


def on_question_answered(event_id: int, payload: Payload) -> None:
    answer = _found(
        Answer, payload["answer_id"], "question__item__system", "question__asked_by", "answered_by"
    )
    if answer is None:
        return
    question = answer.question
    _tell_named(event_id, question, answer)
    if question.asked_by is None or answer.answered_by_id == question.asked_by_id:
        return
    tell(
        event_id=event_id,
        at=answer.answered_at,
        kind=NoticeKind.ANSWER,
        people=[question.asked_by],
        path=question_path(question),
        system=question.of_system,
        facts={
            "who": answer.answered_by or "",
            "text": with_names(answer.body, answer.names),
            "on": question_place(question),
        },
    )


def _tell_named(event_id: int, question: Question, said: Question | Answer) -> None:
    """First of all whom the text calls: who is told by name is not told of the same again."""
    if not said.names:
        return
    writer = said.asked_by if isinstance(said, Question) else said.answered_by
    at = said.asked_at if isinstance(said, Question) else said.answered_at
    people = people_named(said.names, question.reading_right, question.access_system_id)
    tell(
        event_id=event_id,
        at=at,
        kind=NoticeKind.MENTION,
        people=[each for each in people if each != writer],
        path=question_path(question),
        system=question.of_system,
        facts={
            "who": writer or "",
            "text": with_names(said.body, said.names),
            "on": question_place(question),
        },
    )


def on_recommendation_made(event_id: int, payload: Payload) -> None:
    made = _found(
        Recommendation, payload["recommendation_id"], "item__system__owner", "option", "made_by"
    )
    if made is None:
        return
    said = f"{made.option.title}: {made.reason}" if made.option else made.reason
    tell_together(
        event_id=event_id,
        at=made.made_at,
        kind=NoticeKind.ADVICE,
        people=_whose_item(made.item, but=made.made_by_id),
        path=_item_path(made.item, "options"),
        system=made.item.system,
        facts={"who": made.made_by or "", "text": said, "on": _named(made.item)},
        values={},
        item_id=made.item_id,
    )


def on_statement_published(event_id: int, payload: Payload) -> None:
    """A first value, or one that is not what readers saw before; the text alone is told to nobody."""
    revision = _found(
        RiskRevision,
        payload["revision_id"],
        "statement__item__system__owner",
        "valuation",
        "published_by",
    )
    if revision is None:
        return
    _tell_decider(event_id, revision)  # first: a person is told of an event once
    last = (
        revision.statement.revisions.filter(number__lt=revision.number)
        .select_related("valuation")
        .first()
    )
    now = revision.valuation.expected_annual_loss
    before = last.valuation.expected_annual_loss if last else None
    if now == before:
        return
    item = revision.statement.item
    value = {
        "before": "" if before is None else str(before),
        "now": str(now),
        "currency": revision.currency,
    }
    tell_together(
        event_id=event_id,
        at=revision.published_at,
        kind=NoticeKind.VALUE,
        people=_whose_item(item, but=revision.published_by_id),
        path=_item_path(item, "risks"),
        system=item.system,
        facts={"who": revision.published_by or "", "on": _named(item)},
        values={revision.statement.key: value},
        item_id=item.pk,
    )


def on_decision_recorded(event_id: int, payload: Payload) -> None:
    decision = _found(Decision, payload["decision_id"], "item__system", "option", "decided_by")
    if decision is None:
        return
    people = _took_part(decision.item)
    tell(
        event_id=event_id,
        at=decision.decided_at,
        kind=NoticeKind.DECISION,
        people=[each for each in people if each.pk != decision.decided_by_id],
        path=_item_path(decision.item, "decision"),
        system=decision.item.system,
        facts={
            "who": decision.decided_by or "",
            "text": decision.option.title,
            "on": _named(decision.item),
        },
    )


def on_decision_undone(event_id: int, payload: Payload) -> None:
    """Whoever decided is told, too: somebody else may have undone it."""
    decision = _found(Decision, payload["decision_id"], "item__system", "option", "decided_by")
    if decision is None:
        return
    undoer: int = payload["by"] or 0
    maker = [decision.decided_by] if decision.decided_by and decision.decided_by.is_active else []
    people = {each.pk: each for each in [*_took_part(decision.item), *maker]}
    tell(
        event_id=event_id,
        kind=NoticeKind.DECISION,
        people=[each for pk, each in people.items() if pk != undoer],
        path=_item_path(decision.item, "decision"),
        system=decision.item.system,
        facts={
            "who": str(User.objects.filter(pk=undoer).first() or ""),
            "text": decision.end_reason,
            "on": _named(decision.item),
            "turn": "undone",
        },
    )


def on_statement_turned(event_id: int, payload: Payload) -> None:
    """A risk was withdrawn, superseded or restored."""
    end = _found(StatementEnd, payload["end_id"], "statement__item", "statement__system", "made_by")
    if end is None:
        return
    statement = end.statement
    writer = User.objects.filter(pk=statement.created_by_id, is_active=True)
    deciders = User.objects.filter(
        pk__in=statement.treatments.filter(decision__ended_at=None).values("decision__decided_by"),
        is_active=True,
    )
    people = {each.pk: each for each in [*_took_part(statement.item), *writer, *deciders]}
    tell(
        event_id=event_id,
        at=end.made_at,
        kind=NoticeKind.RISK,
        people=[each for pk, each in people.items() if pk != end.made_by_id],
        path=reverse("statement-detail", args=[statement.pk]),
        system=statement.system,
        facts={
            "who": str(end.made_by or ""),
            "text": end.reason,
            "on": statement.key,
            "turn": end.after if end.undoes_id is None else "restored",
        },
    )


def on_statement_reviewed(event_id: int, payload: Payload) -> None:
    """Whose words were reviewed."""
    review = _found(
        StatementReview,
        payload["review_id"],
        "statement__system",
        "statement__written_by",
        "made_by",
    )
    writer = review.statement.written_by if review else None
    if review is None or writer is None or not writer.is_active or writer == review.made_by:
        return
    tell(
        event_id=event_id,
        at=review.made_at,
        kind=NoticeKind.RISK,
        people=[writer],
        path=reverse("statement-detail", args=[review.statement_id]) + "#review",
        system=review.statement.system,
        facts={
            "who": str(review.made_by or ""),
            "text": review.body,
            "on": review.statement.key,
            "turn": "approved" if review.approves else "commented",
        },
    )


def _tell_decider(event_id: int, revision: RiskRevision) -> None:
    """Whoever decided, where what a risk is worth now asks to confirm their decision."""
    if revision.statement.published_id != revision.pk:
        return  # a later one tells
    decision = (
        Decision.objects.filter(item=revision.statement.item_id, ended_at=None)
        .select_related("item__system__owner", "decided_by")
        .first()
    )
    if decision is None or not _asks_to_confirm(decision, revision):
        return
    maker = decision.decided_by
    people = [maker] if maker and maker.is_active else []
    people = people or people_for(decision.item.system, Permission.DECISION_RECORD)
    tell(
        event_id=event_id,
        at=revision.published_at,
        kind=NoticeKind.EXPIRED,
        people=[each for each in people if each.pk != revision.published_by_id],
        path=_item_path(decision.item, "decision"),
        system=decision.item.system,
        facts={
            "text": f"RS-{revision.statement_id}: {revision.sentence}",
            "on": _named(decision.item),
            "turn": "moved",
        },
    )


def _asks_to_confirm(decision: Decision, revision: RiskRevision) -> bool:
    """Whether this revision changes materially what the decision was made on; words alone do not, again."""
    moved = any(
        each.is_material and each.statement.pk == revision.statement_id
        for each in changes_since(decision)
    )
    loss = revision.valuation.expected_annual_loss
    told = revision.statement.revisions.filter(
        number=revision.number - 1,
        published_at__gt=decision.decided_at,
        valuation__expected_annual_loss=loss,
    )
    return moved and not told.exists()


def on_decision_expired(event_id: int, payload: Payload) -> None:
    decision = _found(
        Decision, payload["decision_id"], "item__system__owner", "option", "decided_by"
    )
    if decision is None:
        return
    owner = decision.decided_by
    system = decision.item.system
    people = [owner] if owner and owner.is_active else []
    tell(
        event_id=event_id,
        kind=NoticeKind.EXPIRED,
        people=people or people_for(system, Permission.DECISION_RECORD),
        path=_item_path(decision.item, "decision"),
        system=system,
        facts={
            "text": decision.option.title,
            "on": _named(decision.item),
        },
    )


def on_report_failed(event_id: int, payload: Payload) -> None:
    report = _found(Report, payload["report_id"], "system__owner")
    if report is None:
        return
    tell(
        event_id=event_id,
        at=report.finished_at,
        kind=NoticeKind.REPORT,
        people=people_for(report.system, Permission.REPORT_REPROCESS),
        path=reverse("report-detail", args=[report.uid]),
        system=report.system,
        facts={"text": report.error_message, "on": report.filename or report.tool or report.uid},
    )


def on_source_broken(event_id: int, payload: Payload) -> None:
    _of_source(event_id, payload, is_over="")


def on_source_recovered(event_id: int, payload: Payload) -> None:
    _of_source(event_id, payload, is_over="1")


def _of_source(event_id: int, payload: Payload, *, is_over: str) -> None:
    source = _found(Source, payload["source_id"], "system__owner", "made_by")
    if source is None:
        return
    people = people_for(source.system, Permission.SOURCE_MANAGE)
    maker = source.made_by
    tell(
        event_id=event_id,
        kind=NoticeKind.SOURCE,
        people=[*people, *([maker] if maker and maker.is_active else [])],
        path=reverse("source-detail", args=[source.pk]),
        system=source.system,
        facts={"text": source.last_error, "on": source.name, "is_over": is_over},
    )


def on_webhook_disabled(event_id: int, payload: Payload) -> None:
    """Whoever made it, and those who manage webhooks; the payload says it all."""
    maker = User.objects.filter(pk=payload["owner_id"], is_active=True)
    tell(
        event_id=event_id,
        kind=NoticeKind.WEBHOOK,
        people=[*maker, *people_for(None, Permission.WEBHOOK_MANAGE)],
        path=payload["path"],
        system=None,
        facts={"text": payload["message"], "on": payload["name"]},
    )


def on_tracker_failing(event_id: int, payload: Payload) -> None:
    """Whoever connected it, and those who manage trackers; the payload says it all."""
    maker = User.objects.filter(pk=payload["owner_id"], is_active=True)
    tell(
        event_id=event_id,
        kind=NoticeKind.TRACKER,
        people=[*maker, *people_for(None, Permission.TRACKER_MANAGE)],
        path=payload["path"],
        system=None,
        facts={"text": payload["message"], "on": payload["name"]},
    )


def on_series_silent(event_id: int, payload: Payload) -> None:
    _of_silence(event_id, payload, is_over="")


def on_series_spoke(event_id: int, payload: Payload) -> None:
    _of_silence(event_id, payload, is_over="1")


def _of_silence(event_id: int, payload: Payload, *, is_over: str) -> None:
    silence = _found(Silence, payload["silence_id"], "series__system__owner")
    if silence is None:
        return
    system = silence.series.system
    tell(
        event_id=event_id,
        kind=NoticeKind.SILENCE,
        people=people_for(system, Permission.COVERAGE_MANAGE),
        path=reverse("system-coverage", args=[system.key]) + "#silences",
        system=system,
        facts={
            "on": silence.series,
            "stage": silence.series.stage,
            "since": f"{silence.since:%Y-%m-%d}",
            "is_over": is_over,
        },
    )


def on_automation_overdue(event_id: int, payload: Payload) -> None:
    row = _found(Automation, payload["automation_id"], "system__owner", "owner")
    if row is None or row.is_retired or row.due_on is None:
        return
    owners = list(row.owner.people.filter(is_active=True)) if row.owner else []
    tell(
        event_id=event_id,
        kind=NoticeKind.OVERDUE,
        people=owners or people_for(row.system, Permission.AUTOMATION_MANAGE),
        path=reverse("automation-detail", args=[row.pk]),
        system=row.system,
        facts={"on": row.name, "stage": row.stage, "since": payload["due_on"]},
    )


def on_system_archived(event_id: int, payload: Payload) -> None:
    _of_archiving(event_id, payload, is_over="")


def on_system_restored(event_id: int, payload: Payload) -> None:
    _of_archiving(event_id, payload, is_over="1")


def _of_archiving(event_id: int, payload: Payload, *, is_over: str) -> None:
    """Those who write there; the payload says by whom and why, since that is gone once it is back."""
    system = _found(System, payload["system_id"], "owner")
    if system is None:
        return
    people = people_for(system, Permission.ITEM_EDIT)
    tell(
        event_id=event_id,
        kind=NoticeKind.ARCHIVED,
        people=[each for each in people if each.pk != payload["by_id"]],
        path=reverse("system-detail", args=[system.key]),
        system=system,
        facts={
            "who": str(User.objects.filter(pk=payload["by_id"]).first() or ""),
            "on": system.name,
            "text": payload["because"],
            "is_over": is_over,
        },
    )


def _found(model: Any, pk: int, *related: str) -> Any:
    """The row, or None where it was removed before it could be told of."""
    return model._default_manager.select_related(*related).filter(pk=pk).first()  # noqa: SLF001


def _took_part(item: PlanningItem) -> list[User]:
    """Who wrote the item, advised on it, or asked and answered there."""
    found = [
        [item.created_by_id],
        item.recommendations.values_list("made_by", flat=True),
        item.questions.values_list("asked_by", flat=True),
        item.questions.values_list("answers__answered_by", flat=True),
    ]
    numbers = {pk for each in found for pk in each if pk}
    return list(User.objects.filter(pk__in=numbers, is_active=True))


def _whose_item(item: PlanningItem, *, but: int | None) -> list[User]:
    """Those who took part and who decides; of an item in which nobody else has, those who may decide."""
    deciders = User.objects.filter(
        pk__in=item.decisions.filter(ended_at=None).values("decided_by"), is_active=True
    )
    people = {each.pk: each for each in [*_took_part(item), *deciders] if each.pk != but}
    if people:
        return list(people.values())
    decides = people_for(item.system, Permission.DECISION_RECORD)
    return [each for each in decides if each.pk != but]


def _named(item: PlanningItem) -> str:
    return f"{item.key}, {item.title}"


def _item_path(item: PlanningItem, anchor: str) -> str:
    return f"{reverse('item-detail', args=[item.pk])}#{anchor}"
