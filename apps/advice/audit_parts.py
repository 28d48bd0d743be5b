"""What belongs to a thing, for the audit trail. Who may read an entry of it, the trail asks."""

from collections.abc import Iterable

from apps.evidence.models import EvidenceLink, ValueUpdate
from apps.planning.models import Answer, Decision, Option, Question, Recommendation
from apps.risks.models import RiskStatement

Parts = dict[str, Iterable[int]]


def of_item(number: int) -> Parts:
    """A planning item: its options, questions, advice, decisions and risks, with what is theirs."""
    risks = list(RiskStatement.objects.filter(item=number).values_list("pk", flat=True))
    return {
        "planningitem": [number],
        "option": Option.objects.filter(item=number).values_list("pk", flat=True),
        "question": Question.objects.filter(item=number).values_list("pk", flat=True),
        "answer": Answer.objects.filter(question__item=number).values_list("pk", flat=True),
        "recommendation": Recommendation.objects.filter(item=number).values_list("pk", flat=True),
        "decision": Decision.objects.filter(item=number).values_list("pk", flat=True),
        **_of_risks(risks),
    }


def of_statement(number: int) -> Parts:
    """A risk: what evidence would move it, and which findings bear on it."""
    return _of_risks([number])


def _of_risks(numbers: list[int]) -> Parts:
    return {
        "riskstatement": numbers,
        "valueupdate": ValueUpdate.objects.filter(statement__in=numbers).values_list(
            "pk", flat=True
        ),
        "evidencelink": EvidenceLink.objects.filter(statement__in=numbers).values_list(
            "pk", flat=True
        ),
    }
