"""What each stage of the loop says of an item: what bears on its risks, and whether anything looks there at all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.coverage.picture import StageCoverage, SystemCoverage


@dataclass(frozen=True)
class StageSays:
    """One stage. open_count: open findings that bear on the item's risks; cover: the evidence of its system."""

    cover: StageCoverage
    open_count: int

    @property
    def is_silent(self) -> bool:
        """Nothing bears on the risks, and no evidence is there by which it would be seen: no good news."""
        return not self.open_count and not self.cover.arrived


def stages_say(covered: SystemCoverage, found: Iterable[Mapping[str, Any]]) -> list[StageSays]:
    """The eight stages in order. found: {"stage", "count"} of the stages where findings are open (with_stages)."""
    counts = {each["stage"]: each["count"] for each in found}
    return [StageSays(each, counts.get(each.stage.value, 0)) for each in covered.stages]
