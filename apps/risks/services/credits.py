"""Controls in place, as a statement holds them: what is taken off its estimate.

Each is {"control": "C-3", "name": "...", "frequency": [least, likely, most], "loss": [...]}: shares, 0
to 1, of the frequency and of the loss that the control takes away, as exact text (PERT). A copy, so
that a revision says for ever what it was computed with; apps/controls is where controls are kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.risks.quant import Distribution, Effect, Estimate, Pert, Point

Credit = Mapping[str, Any]


def effect_of(credit: Credit) -> Effect:
    """What a control does, for the engine."""
    return Effect(_share(credit["frequency"]), _share(credit["loss"]))


def _share(ends: Sequence[str]) -> Distribution:
    low, mode, high = (float(end) for end in ends)
    return Point(low) if low == high else Pert(low, mode, high)


def credited(estimate: Estimate, controls: Sequence[Credit]) -> Estimate:
    """What the controls leave of a risk; several multiply what they leave."""
    for credit in controls:
        estimate = effect_of(credit).treat(credit["control"], estimate)
    return estimate


def same_numbers(one: Sequence[Credit], other: Sequence[Credit]) -> bool:
    """Whether two lists make the same of any estimate; a control's name is only for readers."""
    return _numbers(one) == _numbers(other)


def _numbers(controls: Sequence[Credit]) -> list[tuple[Any, ...]]:
    return [(each["control"], *each["frequency"], *each["loss"]) for each in controls]
