"""What belongs to a thing, for the audit trail. Who may read an entry of it, the trail asks."""

from typing import Any

from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast

from apps.evidence.models import EvidenceLink, ValueUpdate
from apps.planning.models import Answer, Decision, Option, Question, Recommendation
from apps.risks.models import RiskStatement

# By the type of an object, as the trail says it: the numbers of those that belong, as texts, for the trail's own query:
# findings bear on a risk by the thousand. Of the thing itself its number alone, which outlives it.
Parts = dict[str, QuerySet[Any, str] | list[str]]


def of_item(number: int) -> Parts:
    """A planning item: its options, questions, advice, decisions and risks, with what is theirs."""
    return {
        "planningitem": [str(number)],
        "option": _numbers(Option.objects.filter(item=number)),
        "question": _numbers(Question.objects.filter(item=number)),
        "answer": _numbers(Answer.objects.filter(question__item=number)),
        "recommendation": _numbers(Recommendation.objects.filter(item=number)),
        "decision": _numbers(Decision.objects.filter(item=number)),
        "riskstatement": _numbers(RiskStatement.objects.filter(item=number)),
        **_moved_by("statement__item", number),
    }


def of_statement(number: int) -> Parts:
    """A risk: what evidence would move it, and which findings bear on it."""
    return {"riskstatement": [str(number)], **_moved_by("statement", number)}


def _moved_by(whose: str, number: int) -> Parts:
    return {
        "valueupdate": _numbers(ValueUpdate.objects.filter(**{whose: number})),
        "evidencelink": _numbers(EvidenceLink.objects.filter(**{whose: number})),
    }


def _numbers(rows: QuerySet[Any]) -> QuerySet[Any, str]:
    return rows.order_by().values_list(Cast("pk", CharField()))
