"""What items are worth, as an app above says: planning knows no risks (settings.SECOPS_ITEM_WORTH)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.utils.module_loading import import_string

from apps.accounts.actors import Actor


@dataclass(frozen=True)
class ItemWorth:
    """Expected losses a year, in the organisation's currency; they add up, so nothing is simulated.

    expected: of what was decided, else of the baseline, else None; low, high: of the cheapest and the dearest
    option that risks are known of, while nothing is decided and they differ, else None. Unknown is None,
    never zero.
    """

    expected: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None


Provider = Callable[[Actor, Sequence[int]], Mapping[int, ItemWorth]]


def items_worth(viewer: Actor, items: Sequence[int]) -> Mapping[int, ItemWorth]:
    """{item id: worth} of those on which a risk was valued; a fixed number of queries."""
    if not items or not settings.SECOPS_ITEM_WORTH:
        return {}
    provider: Provider = import_string(settings.SECOPS_ITEM_WORTH)
    return provider(viewer, items)
