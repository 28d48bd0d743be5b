"""What checks of our own find and somebody argued to be right all the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol


class Found(Protocol):
    """One thing that one rule refuses; `key` is what an argument names it by."""

    @property
    def key(self) -> str: ...


def unargued(found: Iterable[Found], told: Mapping[str, Any]) -> list[str]:
    """What nobody argued, arguments without a reason, and those that hold for nothing.

    told: the tables `argued` of a TOML file, each with its `reason` and the keys of its `findings`.
    """
    lines, argued = [], set()
    for each in told.get("argued", ()):
        argued |= set(each["findings"])
        if not each.get("reason", "").strip():
            lines.append(f"{', '.join(each['findings'])}: argued without a reason")
    found = list(found)
    lines += [str(each) for each in found if each.key not in argued]
    stale = argued - {each.key for each in found}
    return lines + [f"{key}: argued, and found no more" for key in sorted(stale)]
