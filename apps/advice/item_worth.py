"""What the cards of the planning board say of value (planning.worth)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.db.models import Sum

from apps.accounts.actors import Actor
from apps.planning.models import Decision, Option
from apps.planning.worth import ItemWorth
from apps.risks.models import Treatment, TreatmentChoice
from apps.risks.selectors import statements_counting

Sums = Mapping[tuple[int, int | None], Decimal]


def items_worth(viewer: Actor, items: Sequence[int]) -> dict[int, ItemWorth]:
    """Three queries. What a decision in force avoids is not run, and counts in none of its item."""
    avoided = TreatmentChoice.objects.filter(
        decision__ended_at=None, treatment=Treatment.AVOID, statement__item__in=items
    )
    sums: dict[tuple[int, int | None], Decimal] = {
        (item, option): loss
        for item, option, loss in statements_counting(viewer)
        .filter(item__in=items)
        .exclude(pk__in=avoided.values("statement"))
        .order_by()
        .values_list("item", "option")
        .annotate(loss=Sum("published__valuation__expected_annual_loss"))
    }
    valued = {item for item, _option in sums}
    options: dict[int, list[Option]] = {}
    for option in Option.objects.filter(item__in=valued):
        options.setdefault(option.item_id, []).append(option)
    decided = dict(
        Decision.objects.filter(item__in=valued, ended_at=None).values_list("item", "option")
    )
    return {item: _worth(item, options.get(item, []), decided.get(item), sums) for item in valued}


def _worth(item: int, options: Sequence[Option], decided: int | None, sums: Sums) -> ItemWorth:
    """An option's loss is that of its own risks and of those that every option runs."""
    shared = sums.get((item, None), Decimal(0))
    # Unknown is not zero: an option that nothing was said about is in no comparison.
    has_shared = (item, None) in sums
    losses = {
        option.pk: shared + sums.get((item, option.pk), Decimal(0))
        for option in options
        if has_shared or (item, option.pk) in sums
    }
    if decided is not None:
        return ItemWorth(losses.get(decided))
    baseline = next((losses.get(option.pk) for option in options if option.is_baseline), None)
    if not options:
        baseline = shared
    low, high = (min(losses.values()), max(losses.values())) if losses else (None, None)
    return ItemWorth(baseline, low, high) if low != high else ItemWorth(baseline)
