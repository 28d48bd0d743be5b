"""Guidance, planning items, statements, questions and decisions of the demo.

Services say "now"; what happened earlier is dated back afterwards, on the rows that may change.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils import timezone

from apps.advice.demo.files import Record, days_ago
from apps.advice.demo.organisation import Organisation
from apps.common.models import OutboxDelivery
from apps.evidence.services.links import rule_create
from apps.evidence.services.updates import update_record
from apps.guidance.models import Guidance
from apps.guidance.services import guidance_create, guidance_publish
from apps.planning.models import Answer, Decision, Option, PlanningItem, Question, Recommendation
from apps.planning.services.decisions import recommendation_make
from apps.planning.services.items import item_create, option_create
from apps.planning.services.questions import answer_accept, question_answer, question_ask
from apps.risks.models import RiskStatement
from apps.risks.services.decisions import decision_record_with_treatments
from apps.risks.services.statements import StatementInput, statement_create, statement_publish


def _range(record: Record, name: str) -> tuple[Decimal, Decimal]:
    return Decimal(str(record[name]["low"])), Decimal(str(record[name]["high"]))


def _estimate(record: Record) -> dict[str, Any]:
    """Two ranges, or an estimate of another kind."""
    if "estimate" in record:
        return {"estimate": record["estimate"]}
    ranges = {name: _range(record, name) for name in ("frequency", "magnitude")}
    return {
        f"{name}_{end}": amount
        for name, ends in ranges.items()
        for end, amount in zip(("low", "high"), ends, strict=True)
    }


def guidance_load(organisation: Organisation, article: Record) -> Guidance:
    actor = organisation.actor(article.get("by", "amara"))
    estimate = article["estimate"]
    frequency, magnitude = _range(estimate, "frequency"), _range(estimate, "magnitude")
    guidance = guidance_create(
        actor=actor,
        title=article["title"],
        summary=article["summary"],
        body=article["body"],
        stages=article["stages"],
        technologies=article["technologies"],
        cwes=article["cwes"],
        references=article["references"],
        condition=article["condition"],
        consequence=article["consequence"],
        controls=article["controls"],
        frequency_low=frequency[0],
        frequency_high=frequency[1],
        magnitude_low=magnitude[0],
        magnitude_high=magnitude[1],
        rationale=estimate.get("rationale", ""),
    )
    at = days_ago(article, 120)
    guidance_publish(actor=actor, guidance=guidance, note="First edition", at=at)
    Guidance.objects.filter(pk=guidance.pk).update(created_at=at)
    guidance.refresh_from_db()
    return guidance


class ItemLoader:
    """One planning item with everything that hangs on it."""

    def __init__(self, organisation: Organisation, library: dict[str, Guidance]) -> None:
        self.organisation = organisation
        self.library = library
        self.statements: dict[str, RiskStatement] = {}  # of all items so far, by their ref

    def load(self, system_key: str, record: Record) -> PlanningItem:
        actor = self.organisation.actor(record["created_by"])
        fields = ("title", "kind", "stage", "question", "tracker_key", "tracker_url")
        item = item_create(
            actor=actor,
            system=self.organisation.systems[system_key],
            **{name: record[name] for name in fields if name in record},
        )
        options = {each["title"]: self._option(record, item, each) for each in record["options"]}
        statements = {
            each["ref"]: self._statement(item, options, each)
            for each in record.get("statements", [])
        }
        self.statements |= statements
        for question in record.get("questions", []):
            self._question(item, question)
        if recommendation := record.get("recommendation"):
            self._recommend(item, options, recommendation)
        decisions = (
            record.get("decisions") or [record["decision"]]
            if "decision" in record or "decisions" in record
            else []
        )
        for decision in decisions:
            self._decide(item, options, statements, decision)
        filed = days_ago(record)
        Option.objects.filter(item=item).update(created_at=filed, updated_at=filed)
        # Deciding moved the status; what the story says of the item holds.
        PlanningItem.objects.filter(pk=item.pk).update(
            created_at=filed, updated_at=_last_touched(record), status=record["status"]
        )
        return item

    def _option(self, record: Record, item: PlanningItem, option: Record) -> Option:
        return option_create(
            actor=self.organisation.actor(record["created_by"]),
            item=item,
            title=option["title"],
            description=option.get("description", ""),
            cost_once=_money(option.get("cost_once")),
            cost_yearly=_money(option.get("cost_yearly")),
            is_baseline=option.get("baseline", False),
            is_do_nothing=option.get("do_nothing", False),
        )

    def _statement(
        self, item: PlanningItem, options: dict[str, Option], record: Record
    ) -> RiskStatement:
        actor = self.organisation.actor(record["by"])
        texts = ("condition", "consequence", "threat_community", "asset", "effect", "rationale")
        origin = self.library[record["guidance"]] if record.get("guidance") else None
        statement = statement_create(
            actor=actor,
            item=item,
            option=None if record["on"] == "item" else options[record["on"]],
            origin=origin.current if origin else None,
            content=StatementInput(
                **{name: record.get(name, "") for name in texts},
                attributes=record.get("attributes", []),
                cwes=sorted(record.get("cwes", [])),
                **_estimate(record),
            ),
        )
        at = days_ago(record)
        RiskStatement.objects.filter(pk=statement.pk).update(created_at=at, updated_at=at)
        for rule in record.get("evidence", []):
            rule_create(actor=actor, statement=statement, **rule)
        if record["state"] == "published":
            statement_publish(actor=actor, statement=statement, at=at)
        for number, counted in enumerate(record.get("counted", [])):
            self._count(statement, counted, number)
        return statement

    def _count(self, statement: RiskStatement, counted: Record, number: int) -> None:
        names = ("events", "years", "successes", "attempts")
        data = {name: counted[name] for name in names if name in counted}
        update_record(
            actor=self.organisation.actor(counted["by"]),
            statement=statement,
            kind=counted["kind"],
            data={"relevance": 1.0, **data},
            key=f"demo {number}",
            source=counted["source"],
        )

    def _question(self, item: PlanningItem, record: Record) -> None:
        question = question_ask(
            actor=self.organisation.actor(record["by"]), item=item, body=record["body"]
        )
        Question.objects.filter(pk=question.pk).update(asked_at=days_ago(record))
        for each in record.get("answers", []):
            actor = self.organisation.actor(each["by"])
            answer = question_answer(actor=actor, question=question, body=each["body"])
            if each.get("accepted"):
                answer_accept(actor=self.organisation.actor(record["by"]), answer=answer)
            Answer.objects.filter(pk=answer.pk).update(answered_at=days_ago(each))

    def _recommend(self, item: PlanningItem, options: dict[str, Option], record: Record) -> None:
        made = recommendation_make(
            actor=self.organisation.actor(record["by"]),
            item=item,
            option=options[record["option"]],
            reason=record["reason"],
        )
        Recommendation.objects.filter(pk=made.pk).update(made_at=days_ago(record))

    def _decide(
        self,
        item: PlanningItem,
        options: dict[str, Option],
        statements: dict[str, RiskStatement],
        record: Record,
    ) -> None:
        decision = decision_record_with_treatments(
            actor=self.organisation.actor(record["by"]),
            item=item,
            option=options[record["option"]],
            reason=record["reason"],
            treatments={
                statements[each["statement"]].pk: each["treatment"]
                for each in record.get("treatments", [])
            },
        )
        at = days_ago(record)
        until = (
            at.date() + dt.timedelta(days=record["valid_days"]) if "valid_days" in record else None
        )
        Decision.objects.filter(pk=decision.pk).update(decided_at=at, valid_until=until)
        for each in record.get("treatments", []):
            if note := each.get("note"):
                statement = statements[each["statement"]]
                decision.treatments.filter(statement=statement).update(note=note)


def told_in_order() -> None:
    """Let what happened first be told first: people's notices stand in the order in which they were told.

    The loader goes from item to item, and would tell of the last item's oldest question after the first
    item's newest decision.
    """
    happened = (
        ("question.asked", "question_id", Question, "asked_at"),
        ("question.answered", "answer_id", Answer, "answered_at"),
        ("decision.recorded", "decision_id", Decision, "decided_at"),
    )
    for name, key, model, moment in happened:
        moments = dict(model.objects.values_list("pk", moment))
        waiting = OutboxDelivery.objects.filter(event__name=name, delivered_at=None)
        rows = list(waiting.select_related("event"))
        for row in rows:
            row.next_attempt_at = moments.get(row.event.payload[key], row.next_attempt_at)
        OutboxDelivery.objects.bulk_update(rows, ["next_attempt_at"])


def _money(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _last_touched(record: Record) -> dt.datetime:
    """The newest thing that the story tells of an item."""
    parts = [record, *record.get("questions", [])]
    parts += [record[name] for name in ("recommendation", "decision") if name in record]
    return min(timezone.now(), max(days_ago(part, record.get("days_ago", 30)) for part in parts))
