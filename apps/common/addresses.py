"""Addresses of lists with their filters."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode


def address(path: str, given: Mapping[str, str], names: Iterable[str], **changes: object) -> str:
    """A list's address: the named parameters as given, some changed, empty ones left out."""
    values = {name: given.get(name, "") for name in names} | changes
    query = urlencode({name: value for name, value in values.items() if value not in {"", None}})
    return f"{path}?{query}" if query else path


def whole_number(text: str | None) -> int | None:
    """A number of an address, or None for whatever else strangers write there."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None
