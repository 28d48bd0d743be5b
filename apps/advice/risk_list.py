"""The register of risks: which there are, what they are worth, what was decided about them and until when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from apps.accounts.actors import Actor
from apps.accounts.policy import in_use
from apps.advice.carried import IS_CARRIED
from apps.evidence.models import EvidenceLink
from apps.evidence.selectors import links_bearing, open_evidence_counts
from apps.risks.models import ENDED, RiskStatement, StatementState, TreatmentChoice
from apps.risks.selectors import statements_saying, treatments_in_force

WORST = 3  # findings shown of each, where evidence is what was asked for
NOTHING_SAID = "none"


@dataclass(frozen=True)
class RiskFilter:
    """What a reader asked for; empty fields ask for nothing. state empty: all but those that ended."""

    text: str = ""
    system: str = ""
    stage: str = ""
    state: str = ""
    treatment: str = ""  # of the decision in force, or NOTHING_SAID
    carried: bool = False
    has_evidence: bool = False  # an open finding bears on it
    order: str = ""  # a key of ORDERS; empty: the dearest first


@dataclass(frozen=True)
class RiskTotal:
    """How many, and what a year costs on average of those that are published."""

    count: int
    expected_annual_loss: Decimal


@dataclass(frozen=True)
class RiskRow:
    """A risk, the treatment in force (None where nothing was said), and the open findings that bear on it."""

    statement: RiskStatement
    treatment: TreatmentChoice | None
    evidence: int
    worst: list[EvidenceLink]


_WORTH = Coalesce(
    "published__valuation__expected_annual_loss", "valuation__expected_annual_loss"
).desc(nulls_last=True)
_IN_FORCE = TreatmentChoice.objects.in_force().filter(statement=OuterRef("pk"))
_UNTIL = _IN_FORCE.order_by("decision__valid_until").values("decision__valid_until")[:1]
_OPEN = EvidenceLink.objects.bearing().filter(statement=OuterRef("pk"))
ORDERS: Mapping[str, tuple[Any, ...]] = {
    "": (_WORTH, "-pk"),
    "new": (F("published__published_at").desc(nulls_last=True), "-pk"),
    "until": (F("until").asc(nulls_last=True), _WORTH, "-pk"),
}


def risks_found(viewer: Actor, wanted: RiskFilter) -> QuerySet[Any]:  # of RiskStatement
    """In the order that was asked for."""
    text = wanted.text.strip()
    found: QuerySet[Any] = (
        statements_saying(viewer, text) if text else RiskStatement.objects.visible_to(viewer)
    )
    found = in_use(found, viewer, named=wanted.system)
    found = found.filter(state=wanted.state) if wanted.state else found.exclude(state__in=ENDED)
    exact = {"system__key": wanted.system, "item__stage": wanted.stage}
    found = found.filter(**{name: value for name, value in exact.items() if value})
    if wanted.carried:
        found = found.filter(IS_CARRIED, state=StatementState.PUBLISHED)
    if wanted.has_evidence:
        found = found.filter(Exists(_OPEN))
    if wanted.treatment == NOTHING_SAID:
        found = found.filter(~Exists(_IN_FORCE))
    elif wanted.treatment:
        found = found.filter(Exists(_IN_FORCE.filter(treatment=wanted.treatment)))
    if wanted.order == "until":
        found = found.annotate(until=_UNTIL)
    return found.order_by(*ORDERS.get(wanted.order, ORDERS[""]))


def risks_total(found: QuerySet[Any]) -> RiskTotal:
    told = found.order_by().aggregate(
        count=Count("pk"),
        worth=Sum(
            "published__valuation__expected_annual_loss", filter=Q(state=StatementState.PUBLISHED)
        ),
    )
    return RiskTotal(told["count"], told["worth"] or Decimal(0))


def risks_page(
    viewer: Actor, found: QuerySet[Any], start: int, limit: int, *, worst: int = 1
) -> tuple[list[RiskRow], bool]:
    """Rows from `start` on, and whether more follow; a handful of queries, however many rows."""
    told = found.select_related(None).select_related(
        "system", "item", "valuation", "published__valuation"
    )
    rows = list(told[start : start + limit + 1])
    return _dressed(viewer, rows[:limit], worst), len(rows) > limit


def _dressed(viewer: Actor, rows: Sequence[RiskStatement], worst: int) -> list[RiskRow]:
    numbers = [each.pk for each in rows]
    said = {
        each.statement_id: each
        for each in treatments_in_force(viewer, numbers).select_related(
            "decision__decided_by", "valuation"
        )
    }
    counts = open_evidence_counts(viewer, numbers)
    shown: dict[int, list[EvidenceLink]] = {}
    for link in links_bearing(viewer, [pk for pk in numbers if pk in counts], most=worst):
        shown.setdefault(link.statement_id, []).append(link)
    return [
        RiskRow(each, said.get(each.pk), counts.get(each.pk, 0), shown.get(each.pk, []))
        for each in rows
    ]
