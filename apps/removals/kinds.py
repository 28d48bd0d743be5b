"""What can be put back after it was taken away: settings.SECOPS_REMOVALS names a Kind for each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string


def _nothing(_actor: Any, _row: Any) -> None:
    """Most things are as they were once their rows are back."""


@dataclass(frozen=True)
class Kind:
    """A kind of thing that people take away.

    permission: what putting it back needs, as taking it away did; "": it is a person's own.
    taken: the refusal, in English, where another one has its place by now.
    page: the address where a row stands again. note: what an undo does not bring back.
    asks_again: who wants it back shows first who they are, as to take it away.
    returned: what follows once the rows are back, (actor, row), in the same transaction; it may
    raise Conflict or Invalid to refuse.
    """

    name: str
    label: str | Promise
    icon: str
    permission: str
    taken: str
    page: Callable[[Any], str]
    note: str | Promise = ""
    asks_again: bool = False
    returned: Callable[[Any, Any], None] = _nothing


@cache
def kinds() -> dict[str, Kind]:
    """By their names."""
    loaded: list[Kind] = [import_string(path) for path in settings.SECOPS_REMOVALS]
    return {kind.name: kind for kind in loaded}
