"""What risks of the same kind were valued at, and what came of them: for whoever values another one and asks.

Nothing of it is on a page until somebody asks. Who sees a number first drifts towards it, however little it has to do
with the matter (Tversky and Kahneman, Judgment under Uncertainty, 1974); one's own ranges come first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db.models import Case, IntegerField, Q, Sum, Value, When

from apps.accounts.actors import Actor
from apps.evidence.models import Incident, IncidentKind, Outcome
from apps.risks.models import RiskRevision, RiskStatement
from apps.risks.selectors import statements_counting
from apps.risks.text import frequency_words

SHOWN = 8
# How close a risk is: what it was made from, its CWE, where it stands.
GUIDANCE, WEAKNESS, PLACE = 3, 2, 1


@dataclass(frozen=True)
class Likeness:
    """What makes a risk of the same kind. without: the number of the statement itself, 0 for a new one."""

    stage: str
    criticality: int
    cwes: Sequence[int] = ()
    guidance: int | None = None
    without: int = 0


def likeness_of(statement: RiskStatement) -> Likeness:
    """What makes a risk of the same kind as this one."""
    item = statement.item
    return Likeness(
        stage=item.stage,
        criticality=item.system.criticality,
        cwes=statement.cwes,
        guidance=statement.origin.guidance_id if statement.origin else None,
        without=statement.pk,
    )


@dataclass(frozen=True)
class Comparable:
    """One risk as it is published. closeness: GUIDANCE, WEAKNESS or PLACE.

    times: of incidents and near misses that were recorded of it; loss: what those cost together, None where nobody
    said. events in years: of what was told of its estimates since.
    """

    statement: RiskStatement
    told: RiskRevision
    closeness: int
    times: int = 0
    loss: Decimal | None = None
    events: int | None = None
    years: float = 0.0

    @property
    def often(self) -> tuple[str, str]:
        return frequency_words(self.told.frequency_low), frequency_words(self.told.frequency_high)


@dataclass(frozen=True)
class Comparables:
    rows: Sequence[Comparable]

    @property
    def often(self) -> tuple[str, str]:
        """The rarest low end and the most frequent high end, in words. Only where there are rows."""
        low = min(each.told.frequency_low for each in self.rows)
        return frequency_words(low), frequency_words(
            max(each.told.frequency_high for each in self.rows)
        )

    @property
    def losses(self) -> tuple[Decimal, Decimal]:
        """The least and the most of one event, in the organisation's currency. Only where there are rows."""
        low = min(each.told.magnitude_low for each in self.rows)
        return low, max(each.told.magnitude_high for each in self.rows)


def comparables(viewer: Actor, kind: Likeness) -> Comparables:
    """The published risks of the same kind that the viewer sees, the closest and newest first; four queries at most.

    Those of the same stage on systems as critical stand in only where none is closer.
    """
    of_guidance = [When(origin__guidance=kind.guidance, then=Value(GUIDANCE))]
    close = Case(
        *(of_guidance if kind.guidance else ()),  # None would be all that were made from nothing
        When(published__cwes__overlap=list(kind.cwes), then=Value(WEAKNESS)),
        When(_same_place(kind), then=Value(PLACE)),
        default=Value(0),
        output_field=IntegerField(),
    )
    found = (
        statements_counting(viewer)
        .exclude(pk=kind.without)
        .filter(published__currency=settings.SECOPS_CURRENCY)
        .annotate(closeness=close)
        .filter(closeness__gt=0)
        .order_by("-closeness", "-pk")
    )
    rows = list(found[:SHOWN])
    closest = [each for each in rows if each.closeness > PLACE] or rows
    return Comparables(_with_what_happened(viewer, closest))


def _same_place(kind: Likeness) -> Q:
    return Q(item__stage=kind.stage, system__criticality=kind.criticality)


def _with_what_happened(viewer: Actor, rows: Sequence[RiskStatement]) -> list[Comparable]:
    numbers = [each.pk for each in rows]
    if not numbers:
        return []
    incidents = (
        Incident.objects.visible_to(viewer)
        .filter(ended_at=None, statements__in=numbers)
        .exclude(kind=IncidentKind.QUIET)
        .order_by()
        .values_list("statements")
        .annotate(times=Sum("times"), cost=Sum("loss"))
    )
    happened = {pk: (times, cost) for pk, times, cost in incidents}
    outcomes = (
        Outcome.objects.visible_to(viewer)
        .filter(statement__in=numbers)
        .order_by()
        .values_list("statement")
        .annotate(count=Sum("events"), stood=Sum("years"))
    )
    told = {pk: (events, years) for pk, events, years in outcomes}
    return [_comparable(each, happened.get(each.pk), told.get(each.pk)) for each in rows]


def _comparable(
    row: RiskStatement,
    happened: tuple[int, Decimal | None] | None,
    outcome: tuple[int, float] | None,
) -> Comparable:
    times, loss = happened or (0, None)
    events, years = outcome or (None, 0.0)
    published, closeness = row.published, getattr(row, "closeness", PLACE)
    assert published is not None  # noqa: S101  # statements_counting gives published ones only
    return Comparable(row, published, closeness, times, loss, events, years)
