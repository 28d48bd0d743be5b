"""What findings may cost (scans.losses): the highest expected loss a year of the published risks that each bears on.

Of the same system as the finding, so whoever sees the finding sees the risk.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan

from apps.evidence.models import EvidenceLink
from apps.risks.models import StatementState
from apps.scans.losses import Dear, Losses
from apps.scans.models import Finding

_LOSS = "statement__published__valuation__expected_annual_loss"


def _links() -> QuerySet[Any]:  # of EvidenceLink; the stubs know no `loss`
    """Those that nobody dismissed, to published risks; each with `loss`, its risk's."""
    links = EvidenceLink.objects.filter(
        dismissed_at=None, statement__state=StatementState.PUBLISHED
    ).order_by()
    rows: QuerySet[Any] = links.annotate(loss=F(_LOSS))
    return rows


def _of_finding() -> Subquery:
    return Subquery(_links().filter(finding=OuterRef("pk")).order_by("-loss").values("loss")[:1])


def _first(found: QuerySet[Finding], behind: Dear | None, most: int) -> Sequence[Dear]:
    """Each finding at the dearest of its risks: PostgreSQL goes through the risks from the dearest on, and no
    further than it needs."""
    rows: QuerySet[Any] = found.order_by().filter(
        evidence_links__dismissed_at=None,
        evidence_links__statement__state=StatementState.PUBLISHED,
    )
    rows = rows.annotate(loss=F(f"evidence_links__{_LOSS}"), risk=F("evidence_links__statement"))
    dearer = Q(loss__gt=OuterRef("loss")) | Q(loss=OuterRef("loss"), statement__gt=OuterRef("risk"))
    # That it is another risk follows, but said it spares looking up the risk of a finding that has one alone.
    others = _links().filter(~Q(statement=OuterRef("risk")), finding=OuterRef("pk"))
    rows = rows.filter(~Exists(others.filter(dearer)))
    if behind is not None:
        rows = rows.filter(TupleLessThan(Tuple("loss", "severity", "id"), tuple(behind)))
    told = rows.order_by("-loss", "-severity", "-id").values_list("loss", "severity", "pk")
    return [Dear(Decimal(loss), severity, pk) for loss, severity, pk in told[:most]]


FINDING_LOSSES = Losses(
    of_finding=_of_finding, findings=lambda: _links().values("finding"), first=_first
)
