"""What changed since a decision was made: the values that it stood on, then and now."""

import functools
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from apps.accounts.actors import Actor
from apps.planning.models import Decision
from apps.planning.selectors import decisions_in_force
from apps.risks.models import ENDED, RiskStatement, StatementState, TreatmentChoice

Kind = Literal["moved", "revised", "withdrawn", "superseded", "new"]


@dataclass(frozen=True)
class Change:
    """One risk of a decision. `then` and `now`: expected annual loss, None where there was or is none.

    moved: by more than the organisation calls material; revised: by less; new: published since.
    """

    kind: Kind
    statement: RiskStatement
    then: Decimal | None
    now: Decimal | None

    @property
    def is_material(self) -> bool:
        return self.kind != "revised"


def material() -> Decimal:
    """The share of an expected annual loss beyond which a change of it is material."""
    return Decimal(settings.SECOPS_MATERIAL_CHANGE_PERCENT) / 100


def changes_since(decision: Decision) -> list[Change]:
    """What is different from what the decision was made on, material changes first."""
    choices = TreatmentChoice.objects.filter(decision=decision).select_related(
        "valuation", "statement", "statement__published", "statement__published__valuation"
    )
    told = [change for choice in choices if (change := _of(choice))]
    new = _new_risks(decision).select_related("published", "published__valuation")
    told += [Change("new", each, None, _now(each)) for each in new]
    return sorted(told, key=lambda each: (not each.is_material, each.statement.pk))


def _of(choice: TreatmentChoice) -> Change | None:
    statement, then = choice.statement, choice.valuation.expected_annual_loss
    if statement.state == StatementState.WITHDRAWN:
        return Change("withdrawn", statement, then, None)
    if statement.state == StatementState.SUPERSEDED:
        return Change("superseded", statement, then, None)
    if statement.published_id == choice.revision_id:
        return None
    now = _now(statement)
    kind: Kind = "moved" if abs(now - then) > material() * then else "revised"
    return Change(kind, statement, then, now)


def _now(statement: RiskStatement) -> Decimal:
    assert statement.published is not None  # noqa: S101  # a statement that was decided on is published
    return statement.published.valuation.expected_annual_loss


def _new_risks(decision: Decision) -> QuerySet[RiskStatement]:
    """Published for the first time after the decision, on the item or on what was chosen."""
    return RiskStatement.objects.filter(
        Q(option=None) | Q(option_id=decision.option_id),
        item_id=decision.item_id,
        state=StatementState.PUBLISHED,
        revisions__number=1,
        revisions__published_at__gt=decision.decided_at,
    ).exclude(treatments__decision=decision)


def decisions_to_confirm(viewer: Actor) -> QuerySet[Decision]:
    """Decisions in force whose risks changed materially since; in one query."""
    return decisions_in_force(viewer).filter(_has_changed(material()))


@functools.cache  # the home page asks each time, and it is as long to say as it is quick to answer
def _has_changed(share: Decimal) -> Q:
    then = F("valuation__expected_annual_loss")
    now = "statement__published__valuation__expected_annual_loss"
    moved = ~Q(statement__published=F("revision")) & (
        Q(**{f"{now}__gt": then * (1 + share)}) | Q(**{f"{now}__lt": then * (1 - share)})
    )
    gone = Q(statement__state__in=ENDED)
    choices = TreatmentChoice.objects.filter(decision=OuterRef("pk")).filter(gone | moved)
    new = RiskStatement.objects.filter(
        Q(option=None) | Q(option=OuterRef("option")),
        item=OuterRef("item"),
        state=StatementState.PUBLISHED,
        revisions__number=1,
        revisions__published_at__gt=OuterRef("decided_at"),
    ).exclude(treatments__decision=OuterRef("pk"))
    return Q(Exists(choices)) | Q(Exists(new))
