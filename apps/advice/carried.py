"""Which risks are carried now: the published statements that what was chosen, or is being done, runs."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.accounts.actors import Actor
from apps.planning.models import Decision, ItemStatus
from apps.risks.models import RiskStatement, Treatment, TreatmentChoice
from apps.risks.selectors import statements_counting


def statements_carried(viewer: Actor) -> QuerySet[RiskStatement]:
    """Published statements that count today.

    On the item as a whole; on the option that the decision in force chose; or, while nothing is decided, on the
    baseline, which is what goes on meanwhile. Ideas are not done yet, and an avoided risk is not run.
    """
    in_force = Decision.objects.filter(item=OuterRef("item"), ended_at=None)
    chosen = in_force.filter(option=OuterRef("option"))
    avoided = TreatmentChoice.objects.filter(
        statement=OuterRef("pk"), decision__ended_at=None, treatment=Treatment.AVOID
    )
    return (
        statements_counting(viewer)
        .exclude(item__status=ItemStatus.IDEA)
        .filter(Q(option=None) | Exists(chosen) | (Q(option__is_baseline=True) & ~Exists(in_force)))
        .exclude(Exists(avoided))
    )
