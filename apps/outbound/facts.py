"""What an event is in words and data for the outside: keys, names, counts and a link.

SECURITY: nothing that tools or people wrote at length leaves here; whoever follows the link signs in.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.catalog.models import System
from apps.coverage.models import Silence
from apps.guidance.models import Guidance
from apps.outbound.kinds import EventName
from apps.planning.models import Answer, Decision, Question, Recommendation
from apps.planning.places import question_path, question_place
from apps.risks.models import RiskStatement, StatementEnd
from apps.scans.models import Report
from apps.sources.models import Source

Payload = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """system: None, the organisation's. summary: one sentence. path: where to read on."""

    system: System | None
    summary: str
    path: str
    data: dict[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """The member `data` of a message."""
        return {
            "summary": self.summary,
            "url": settings.BASE_URL + self.path,
            "system": self.system.key if self.system else None,
            **self.data,
        }


def facts_of(name: str, payload: Payload) -> Facts | None:
    """None where the thing was removed before it could be told of."""
    found: Facts | None = TELLERS[EventName(name)](payload)
    return found


def _report(payload: Payload) -> Facts | None:
    report = _found(Report, payload["report_id"], "system", "series")
    if report is None:
        return None
    counts = {name: getattr(report, name) for name in ("new", "unchanged", "fixed", "reopened")}
    series = report.series
    tool = series.tool if series else report.tool
    stage = series.stage if series else report.stage
    data = {
        "report": str(report.uid),
        "state": report.state,
        "stage": stage,
        "tool": tool,
        "branch": report.branch,
        "commit": report.commit,
        "preview": bool(series and series.is_preview),
    }
    words = {"tool": tool or _("A report"), "system": report.system.name, **counts}
    if report.error_reason:
        summary = _("A report of %(system)s could not be read.") % words
        data["reason"] = report.error_reason
    else:
        summary = _("%(tool)s on %(system)s: %(new)s new, %(fixed)s fixed.") % words
        data |= counts
    return Facts(report.system, summary, reverse("report-detail", args=[report.uid]), data)


def _statement(payload: Payload) -> Facts | None:
    row = _found(RiskStatement, payload["statement_id"], "system", "published__valuation")
    if row is None or row.published is None:
        return None
    value = row.published.valuation.expected_annual_loss
    data = {
        "statement": row.key,
        "expected_annual_loss": str(value),
        "currency": row.published.currency,
    }
    words = {"key": row.key, "system": row.system.name}
    summary = _("Risk %(key)s of %(system)s was published.") % words
    return Facts(row.system, summary, reverse("statement-detail", args=[row.pk]), data)


def _turned(payload: Payload) -> Facts | None:
    """A risk was withdrawn, superseded or restored."""
    end = _found(StatementEnd, payload["end_id"], "statement__system")
    if end is None:
        return None
    row = end.statement
    words = {"key": row.key, "system": row.system.name, "state": end.get_after_display().lower()}
    summary = _("Risk %(key)s of %(system)s is %(state)s now.") % words
    data = {"statement": row.key, "state": end.after, "superseded_by": end.successor_keys}
    return Facts(row.system, summary, reverse("statement-detail", args=[row.pk]), data)


def _recommended(payload: Payload) -> Facts | None:
    made = _found(Recommendation, payload["recommendation_id"], "item__system")
    if made is None:
        return None
    item = made.item
    summary = _("Security made a recommendation on %(key)s of %(system)s.")
    path = reverse("item-detail", args=[item.pk]) + "#options"
    data = {"item": item.key, "recommendation": made.pk, "option": made.option_id}
    return Facts(item.system, summary % {"key": item.key, "system": item.system.name}, path, data)


def _asked(payload: Payload) -> Facts | None:
    question = _found(Question, payload["question_id"], "item__system", "system", "guidance")
    if question is None:
        return None
    if not question_place(question):
        return _of_question(question, _("A question was asked."))
    return _of_question(question, _("A question was asked on %(key)s."))


def _answered(payload: Payload) -> Facts | None:
    answer = _found(
        Answer,
        payload["answer_id"],
        "question__item__system",
        "question__system",
        "question__guidance",
    )
    if answer is None:
        return None
    if not question_place(answer.question):
        return _of_question(answer.question, _("A question was answered."))
    return _of_question(answer.question, _("A question on %(key)s was answered."))


def _of_question(question: Question, sentence: str) -> Facts:
    thing: Any = question.item or question.guidance or question.system
    key = thing.key if thing is not None else ""
    data = {"question": question.pk, "on": key}
    return Facts(question.of_system, sentence % {"key": key}, question_path(question), data)


def _decided(payload: Payload) -> Facts | None:
    return _of_decision(payload, _("%(key)s of %(system)s was decided."))


def _ran_out(payload: Payload) -> Facts | None:
    return _of_decision(payload, _("The decision on %(key)s of %(system)s ran out."))


def _undone(payload: Payload) -> Facts | None:
    return _of_decision(payload, _("The decision on %(key)s of %(system)s was undone."))


def _of_decision(payload: Payload, sentence: str) -> Facts | None:
    decision = _found(Decision, payload["decision_id"], "item__system")
    if decision is None:
        return None
    item = decision.item
    summary = sentence % {"key": item.key, "system": item.system.name}
    path = reverse("item-detail", args=[item.pk]) + "#decision"
    return Facts(item.system, summary, path, {"item": item.key, "decision": decision.pk})


def _guidance(payload: Payload) -> Facts | None:
    row = _found(Guidance, payload["guidance_id"])
    if row is None:
        return None
    summary = _("%(key)s, %(title)s, was published.") % {"key": row.key, "title": row.title}
    return Facts(None, summary, reverse("guidance-detail", args=[row.pk]), {"guidance": row.key})


def _broke(payload: Payload) -> Facts | None:
    return _of_source(payload, _("The source %(name)s of %(system)s is broken."))


def _recovered(payload: Payload) -> Facts | None:
    return _of_source(payload, _("The source %(name)s of %(system)s works again."))


def _of_source(payload: Payload, sentence: str) -> Facts | None:
    source = _found(Source, payload["source_id"], "system")
    if source is None:
        return None
    summary = sentence % {"name": source.name, "system": source.system.name}
    data = {"source": source.pk, "name": source.name}
    return Facts(source.system, summary, reverse("source-detail", args=[source.pk]), data)


def _silent(payload: Payload) -> Facts | None:
    return _of_silence(payload, _("%(series)s on %(system)s has been silent."))


def _spoke(payload: Payload) -> Facts | None:
    return _of_silence(payload, _("%(series)s on %(system)s reports again."))


def _of_silence(payload: Payload, sentence: str) -> Facts | None:
    silence = _found(Silence, payload["silence_id"], "series__system")
    if silence is None:
        return None
    series, system = silence.series, silence.series.system
    summary = sentence % {"series": series, "system": system.name}
    data = {"series": series.pk, "tool": series.tool, "stage": series.stage}
    path = reverse("system-coverage", args=[system.key]) + "#silences"
    return Facts(system, summary, path, data)


def _archived(payload: Payload) -> Facts | None:
    return _of_system(payload, _("%(system)s was archived."))


def _back(payload: Payload) -> Facts | None:
    return _of_system(payload, _("%(system)s is back from the archive."))


def _of_system(payload: Payload, sentence: str) -> Facts | None:
    """Why it was archived people wrote: it stays here."""
    system = _found(System, payload["system_id"])
    if system is None:
        return None
    path = reverse("system-detail", args=[system.key])
    return Facts(system, sentence % {"system": system.name}, path)


def _found(model: Any, pk: int, *related: str) -> Any:
    return model._default_manager.select_related(*related).filter(pk=pk).first()  # noqa: SLF001


TELLERS: dict[EventName, Callable[[Payload], Facts | None]] = {
    EventName.REPORT_PROCESSED: _report,
    EventName.REPORT_FAILED: _report,
    EventName.STATEMENT_PUBLISHED: _statement,
    EventName.STATEMENT_ENDED: _turned,
    EventName.STATEMENT_RESTORED: _turned,
    EventName.RECOMMENDATION_MADE: _recommended,
    EventName.QUESTION_ASKED: _asked,
    EventName.QUESTION_ANSWERED: _answered,
    EventName.DECISION_RECORDED: _decided,
    EventName.DECISION_EXPIRED: _ran_out,
    EventName.DECISION_UNDONE: _undone,
    EventName.GUIDANCE_PUBLISHED: _guidance,
    EventName.SOURCE_BROKEN: _broke,
    EventName.SOURCE_RECOVERED: _recovered,
    EventName.SERIES_SILENT: _silent,
    EventName.SERIES_SPOKE: _spoke,
    EventName.SYSTEM_ARCHIVED: _archived,
    EventName.SYSTEM_RESTORED: _back,
}
