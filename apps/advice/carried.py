"""Which risks are carried now: the published statements that what was chosen, or is being done, runs."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.accounts.actors import Actor
from apps.accounts.policy import in_use
from apps.planning.models import Decision, ItemStatus
from apps.risks.models import RiskStatement, Treatment, TreatmentChoice
from apps.risks.selectors import statements_counting

_IN_FORCE = Decision.objects.filter(item=OuterRef("item"), ended_at=None)
_CHOSEN = _IN_FORCE.filter(option=OuterRef("option"))
_AVOIDED = TreatmentChoice.objects.filter(
    statement=OuterRef("pk"), decision__ended_at=None, treatment=Treatment.AVOID
)
# On the item as a whole; on the option that the decision in force chose; or, while nothing is decided, on the
# baseline, which is what goes on meanwhile. Ideas are not done yet, and an avoided risk is not run.
IS_CARRIED = (
    ~Q(item__status=ItemStatus.IDEA)
    & (Q(option=None) | Exists(_CHOSEN) | (Q(option__is_baseline=True) & ~Exists(_IN_FORCE)))
    & ~Exists(_AVOIDED)
)


def statements_carried(viewer: Actor, *, named: object = None) -> QuerySet[RiskStatement]:
    """Published statements that count today (IS_CARRIED). named: the system that is asked for."""
    return in_use(statements_counting(viewer), viewer, named=named).filter(IS_CARRIED)
