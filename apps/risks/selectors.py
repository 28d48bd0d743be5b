"""Reading statements and their values."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import BooleanField, Case, ExpressionWrapper, Q, QuerySet, When

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.common.closeness import MOST_TEXTS, close_to
from apps.common.errors import Missing
from apps.risks.models import (
    ENDED,
    SEARCHED,
    RiskRevision,
    RiskStatement,
    StatementEnd,
    StatementState,
    TreatmentChoice,
)

_DRAFTS_LAST = Case(When(state=StatementState.PUBLISHED, then=0), default=1)


def statements_visible(viewer: Actor) -> QuerySet[RiskStatement]:
    return RiskStatement.objects.visible_to(viewer).select_related(
        "system",
        "item",
        "option",
        "valuation",
        "published",
        "published__valuation",
        "origin",
        "origin__guidance__current",
        "created_by",
    )


def statements_related(viewer: Actor) -> QuerySet[RiskStatement]:
    """The same with what superseded them and what they supersede."""
    return statements_visible(viewer).prefetch_related("successors", "predecessors")


def statement_get(viewer: Actor, pk: int) -> RiskStatement:
    """Raises: Missing, also for a statement of a system that the viewer may not see."""
    statement = statements_visible(viewer).filter(pk=pk).first()
    if not isinstance(statement, RiskStatement):
        raise Missing(f"There is no risk statement RS-{pk} that you may see.")
    return statement


def statements_of_item(viewer: Actor, item_id: int) -> QuerySet[RiskStatement]:
    return (
        statements_visible(viewer)
        .filter(item_id=item_id)
        .exclude(state__in=ENDED)
        .order_by("option__position", "id")
    )


def statements_ended(viewer: Actor, item_id: int) -> QuerySet[RiskStatement]:
    """Those of an item that were withdrawn or superseded, with what took their place."""
    return statements_related(viewer).filter(item_id=item_id, state__in=ENDED).order_by("-pk")


def statements_counting(viewer: Actor) -> QuerySet[RiskStatement]:
    """Those whose value counts: published ones."""
    return statements_visible(viewer).filter(state=StatementState.PUBLISHED)


def revisions_of(statement: RiskStatement) -> QuerySet[RiskRevision]:
    """`statement`: one that the reader sees (statement_get)."""
    rows: QuerySet[RiskRevision] = RiskRevision.objects.filter(statement=statement)
    return rows.select_related("published_by", "reviewed_by", "valuation")


def ends_of(statement: RiskStatement) -> QuerySet[StatementEnd]:
    """How a statement that the reader sees was withdrawn, superseded and restored, the newest first."""
    rows: QuerySet[StatementEnd] = StatementEnd.objects.filter(statement=statement)
    return rows.select_related("made_by")


def revisions_of_item(viewer: Actor, item_id: int) -> QuerySet[RiskRevision]:
    """What was published of an item's statements, also of those that ended; the newest first."""
    of_item = RiskStatement.objects.visible_to(viewer).filter(item_id=item_id)
    rows: QuerySet[RiskRevision] = RiskRevision.objects.filter(statement__in=of_item)
    return (
        rows.select_related("published_by", "valuation").defer("valuation__curve").order_by("-id")
    )


def ends_of_item(viewer: Actor, item_id: int) -> QuerySet[StatementEnd]:
    """How statements of an item ended and were restored, the newest first."""
    of_item = RiskStatement.objects.visible_to(viewer).filter(item_id=item_id)
    rows: QuerySet[StatementEnd] = StatementEnd.objects.filter(statement__in=of_item)
    return rows.select_related("made_by").order_by("-id")


def treatments_in_force(viewer: Actor, statement_ids: list[int]) -> QuerySet[TreatmentChoice]:
    """What the decisions that hold now do about these risks, where it was said: at most one a risk."""
    seen = statements_visible(viewer).filter(pk__in=statement_ids).values("pk")
    chosen = TreatmentChoice.objects.in_force().filter(statement__in=seen)
    return chosen.select_related("decision__option", "decision__decided_by", "revision")


def statements_from_guidance(viewer: Actor, guidance_id: int) -> QuerySet[RiskStatement]:
    """Where a piece of guidance is used: statements that were made from any version of it, those that count first."""
    rows: QuerySet[RiskStatement] = RiskStatement.objects.visible_to(viewer)
    used = rows.filter(origin__guidance=guidance_id).exclude(state__in=ENDED)
    return used.select_related("system", "item", "published").order_by(_DRAFTS_LAST, "-pk")


def guidance_stated(viewer: Actor, items: Sequence[int]) -> list[tuple[int, int]]:
    """(item, guidance) from which a risk of these items was made, as far as the viewer sees them."""
    rows = RiskStatement.objects.visible_to(viewer).filter(item__in=items, origin__isnull=False)
    return list(rows.values_list("item", "origin__guidance"))


def statements_matching(
    viewer: Actor, text: str, *, cwe: int | None = None
) -> QuerySet[RiskStatement]:
    """statements_saying() that have not ended, published ones first, each with its system."""
    found = statements_saying(viewer, text, cwe=cwe).exclude(state__in=ENDED)
    return found.order_by(_DRAFTS_LAST, "-pk").select_related("system", "published")


def statements_saying(
    viewer: Actor, text: str, *, cwe: int | None = None
) -> QuerySet[RiskStatement]:
    """Statements in whatever state that say a text or bear on a weakness.

    What was written since the last publication finds a statement for those alone who write there.
    """
    says = _says(text, cwe)
    writes_on = viewer.systems_with(Permission.STATEMENT_EDIT)
    if writes_on is not None:
        told = Q(published__in=RiskRevision.objects.filter(says).values("pk"))
        says = told | (says & (Q(published=None) | Q(system__in=writes_on)))
    rows: QuerySet[RiskStatement] = RiskStatement.objects.visible_to(viewer)
    return rows.filter(says)


def statements_to_link(
    viewer: Actor, system_id: int, text: str, cwes: Collection[int]
) -> QuerySet[Any]:  # of RiskStatement; the stubs know no `shares`
    """Statements of a system that count or will, those about one of these weaknesses (`shares`) first."""
    shares = ExpressionWrapper(Q(cwes__overlap=list(cwes)), output_field=BooleanField())
    found = statements_matching(viewer, text).filter(system=system_id)
    return (
        found.select_related("system", "published__valuation")
        .annotate(shares=shares)
        .order_by("-shares", _DRAFTS_LAST, "-pk")
    )


def conditions_close_to(viewer: Actor, words: Sequence[str]) -> QuerySet[RiskStatement, str]:
    """Of published statements that the viewer sees, with half of one of the words; some of them."""
    close = RiskRevision.objects.filter(close_to("condition", words))
    rows = RiskStatement.objects.visible_to(viewer).exclude(state__in=ENDED)
    found = rows.filter(published__in=close.values("pk")).order_by("-pk")
    return found.values_list("published__condition", flat=True)[:MOST_TEXTS]


def _says(text: str, cwe: int | None) -> Q:
    """Of a statement's working text or of a revision, which have the same fields."""
    says = Q(cwes__contains=[cwe]) if cwe is not None else Q()
    for name in SEARCHED:
        says |= Q(**{f"{name}__icontains": text})
    return says
