"""Findings in our own plain form (the format generic-json), for interfaces that have no report format."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

FORMAT = "generic-json"
_MARK = "secops-findings"


def report(
    tool: str, findings: Iterable[Mapping[str, Any]], *, version: str = "", partial: bool = False
) -> Iterator[bytes]:
    """The report in pieces, one finding at a time; fields without a value are left out."""
    head = {"format": _MARK, "tool": {"name": tool, "version": version}, "partial": partial}
    yield json.dumps(head)[:-1].encode() + b', "findings": ['
    separator = b""
    for finding in findings:
        kept = {name: value for name, value in finding.items() if value not in (None, "", [], {})}
        yield separator + json.dumps(kept).encode()
        separator = b",\n"
    yield b"]}"


def listed(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; nothing for what is none. Answers of strangers are never trusted in shape."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def inner(value: Any, *path: str) -> Any:
    """What lies at a path of objects; None where one of them is missing."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text(value: Any, *path: str) -> str:
    """A text or number at a path, as text; empty for anything else."""
    found = inner(value, *path)
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int | float) and not isinstance(found, bool) else ""


def number(value: Any, *path: str) -> int | None:
    """A whole number above zero at a path."""
    found = inner(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def moment(value: str) -> dt.datetime | None:
    """An ISO 8601 time; None for anything else, or without a zone."""
    try:
        found = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
