"""What findings may cost, as an app above says: scans know no risks (settings.SECOPS_FINDING_LOSSES).

One risk's loss stands at each of its findings: these numbers sort, and add up to nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import DecimalField, QuerySet, Subquery, Value
from django.utils.module_loading import import_string

from apps.scans.models import Finding


class Dear(NamedTuple):
    """A finding's place among those that may cost something, the dearest first."""

    loss: Decimal  # expected, a year, in the organisation's currency
    severity: int
    pk: int


@dataclass(frozen=True)
class Losses:
    """What the app above says.

    of_finding: the loss of the finding that an outer query has as "pk", None where nothing is known.
    findings: the numbers of all that have one. first: of some findings those that have one, behind a place (None:
    from the dearest on), at most so many, in order.
    """

    of_finding: Callable[[], Subquery]
    findings: Callable[[], QuerySet[Any, Any]]
    first: Callable[[QuerySet[Finding], Dear | None, int], Sequence[Dear]]


def losses() -> Losses | None:
    """None where no app says any."""
    path = settings.SECOPS_FINDING_LOSSES
    found: Losses | None = import_string(path) if path else None
    return found


def annual_loss() -> Subquery | Value:
    """For a query of findings: the loss of each, None where nothing is known."""
    said = losses()
    return said.of_finding() if said else Value(None, output_field=DecimalField())


def with_losses(
    found: QuerySet[Any],
) -> QuerySet[Any]:  # of Finding; the stubs know no `annual_loss`
    """With `annual_loss`."""
    rows: QuerySet[Any] = found.annotate(annual_loss=annual_loss())
    return rows


def losses_of(numbers: Sequence[int]) -> dict[int, Decimal]:
    """{number of a finding: its loss} of those that have one."""
    said = losses()
    if said is None or not numbers:
        return {}
    known = Finding.objects.filter(pk__in=numbers).order_by()
    told = known.annotate(annual_loss=said.of_finding()).values_list("pk", "annual_loss")
    return {pk: loss for pk, loss in told if loss is not None}
