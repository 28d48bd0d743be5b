"""What each kind of tracker can do for us."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from apps.common.outgoing import OutgoingFailed, errors
from apps.trackers.clients.line import MAX_PAGES, Line


@dataclass(frozen=True)
class Seen:
    """An issue as the tracker has it.

    id: stays the same when the project is renamed. text: Markdown, in which a marker is looked for.
    labels: of Jira its components, too. is_private: not everyone who sees the project reads it.
    """

    key: str
    url: str
    is_closed: bool
    updated_at: dt.datetime
    id: str = ""
    title: str = ""
    text: str = ""
    labels: tuple[str, ...] = ()
    is_private: bool = False


@dataclass(frozen=True)
class Named:
    """What an issue is called. title: empty where not everyone in the project may read it."""

    title: str
    url: str


class Client(Protocol):
    """Modules of this package satisfy it. All of them raise OutgoingFailed."""

    def probe(self, line: Line) -> str:
        """Ask for as little as proves that issues can be filed; say what was seen."""

    def find(self, line: Line, marker: str, since: dt.datetime) -> Seen | None:
        """The issue that holds the marker, created at `since` or later."""

    def create(self, line: Line, title: str, body: str, marker: str) -> Seen:
        """File an issue that holds the marker where `find` looks for it."""

    def whereabouts(self, line: Line) -> str:
        """What the project is called now, after it was renamed or moved."""

    def look(self, line: Line, key: str) -> Seen | None:
        """One issue as it is now, also by another key; None where it was deleted, or moved out of reach."""

    def read(self, line: Line, key: str) -> Named:
        """One issue's title and the address of its page."""

    def close(self, line: Line, key: str) -> None:
        """Close an issue; one that is closed stays so."""

    def comment(self, line: Line, key: str, body: str) -> None: ...

    def changed(
        self, line: Line, since: dt.datetime | None, rule: str = "", *, most: int = MAX_PAGES
    ) -> Iterator[list[Seen]]:
        """Pages of what changed at `since` or later, the oldest change first; None: all that is open.

        rule: only those, as this kind says it: labels that are all there, parted by commas, or JQL.
        """

    def quoted(self, text: str) -> str:
        """Text that the tracker shows and does not act on: no mention, no command, no markup."""


def expect(value: Any, what: str) -> Mapping[str, Any]:
    """Raises: OutgoingFailed for an answer of another shape."""
    if not isinstance(value, dict):
        raise OutgoingFailed(errors.CONTENT, f"The answer is no {what}.")
    return value


def names_of(value: Any) -> tuple[str, ...]:
    """Names in a list of texts, or of objects that have a name."""
    found = value if isinstance(value, list) else []
    names = (each.get("name") if isinstance(each, dict) else each for each in found)
    return tuple(name for name in names if isinstance(name, str))


def moment(text: str) -> dt.datetime:
    """ISO 8601 as all of them write it. Raises: OutgoingFailed."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise OutgoingFailed(errors.CONTENT, "The answer has a time that cannot be read.") from None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def fenced(text: str) -> str:
    """A block of code in Markdown. SECURITY: neither @mention nor GitLab's /close acts in there."""
    return "```text\n" + text.replace("```", "'''") + "\n```"


def signed(body: str, marker: str) -> str:
    """The body with the line by which the issue is found again."""
    return f"{body}Reference: {marker}\n"


def check_name(name: str, known: str) -> None:
    """Raises: OutgoingFailed where a project is called otherwise by now."""
    if name and not known.isdigit() and name.lower() != known.lower():
        text = f"It is called {name} now. Change the project here; its tickets go along."
        raise OutgoingFailed(errors.STATUS, text, permanent=True)
