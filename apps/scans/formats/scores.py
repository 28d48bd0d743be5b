"""CVSS vectors: which are valid, what they score, which of several to keep."""

import functools
from collections.abc import Iterable
from typing import Any

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError

MAX_VECTOR = 400  # characters; a full CVSS 4.0 vector with all optional metrics has about 250


@functools.lru_cache(maxsize=5_000)
def base_score(vector: str) -> float | None:
    """Base score (0.0 to 10.0) of a CVSS 2, 3.x or 4.0 vector; None if it is not a valid one."""
    text = vector.strip().strip("()")
    if not text or len(text) > MAX_VECTOR:
        return None
    try:
        if text.startswith("CVSS:4"):
            return float(CVSS4(text).base_score)
        if text.startswith("CVSS:3"):
            return float(CVSS3(text).scores()[0])
        return float(CVSS2(text).scores()[0])
    except (CVSSError, ValueError, KeyError, ArithmeticError):
        return None


def best_vector(vectors: Iterable[str | None]) -> tuple[str, float | None]:
    """The valid vector of the highest CVSS version, as printed, with its base score; ("", None) if
    none."""
    best: tuple[int, str, float] | None = None
    for vector in vectors:
        if vector and (score := base_score(vector)) is not None:
            version = _version(vector)
            if best is None or version > best[0]:
                best = (version, vector.strip().strip("()"), score)
    return (best[1], best[2]) if best else ("", None)


def with_prefix(vector: str | None, method: str | None) -> str:
    """A vector with the version prefix that some tools leave out, taken from the name of its
    method.

    >>> with_prefix("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSSv31")
    'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'
    """
    text = (vector or "").strip().strip("()")
    if not text or text.startswith("CVSS:"):
        return text
    digits = "".join(char for char in method or "" if char.isdigit())
    if "/PR:" in text and digits[:1] in {"3", ""}:
        return f"CVSS:3.1/{text}" if digits != "30" else f"CVSS:3.0/{text}"
    return f"CVSS:4.0/{text}" if "/AT:" in text else text


def _version(vector: str) -> int:
    text = vector.strip().strip("()")
    return (
        int(text[5]) * 10 + int(text[7]) if text.startswith("CVSS:") and text[7:8].isdigit() else 20
    )


def score(value: Any) -> float | None:
    """A number from 0 to 10 as printed by a tool; None for anything else, NaN included."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return round(number, 1) if 0 <= number <= 10 else None
