"""Lists of issues whose pages are linked, as GitHub and GitLab give them, and walking what changes."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from apps.sources.connectors.paging import expect_objects, next_link
from apps.trackers.clients.line import Line
from apps.trackers.clients.types import Seen

Page = tuple[list[Seen], bool]  # with whether there is another one
SECOND = dt.timedelta(seconds=1)


def linked_issues(
    line: Line, url: str, headers: Mapping[str, str] | None = None
) -> Iterator[tuple[list[dict[str, Any]], bool]]:
    """The pages of a list, each with whether there is another one. Raises: OutgoingFailed."""
    while url:
        answer, came = line.json("GET", url, headers=headers, follows=True)
        url = next_link(came)
        yield expect_objects(answer, "issues"), bool(url)


def steadily(
    look: Callable[[dt.datetime | None], Iterator[Page]],
    since: dt.datetime | None,
    *,
    most: int,
    step: dt.timedelta = SECOND,
) -> Iterator[list[Seen]]:
    """At most so many pages of a list that is sorted by change and goes on changing while it is read.

    An issue that changes meanwhile goes to the end, and all behind its old place move up by one: a
    second page would begin one too late, and that one would never be seen. So what follows is asked
    for from the last change that was seen; only within `step` of it are pages counted.
    """
    read = 0
    while True:
        for page, goes_on in look(since):
            read += 1
            yield page
            if not goes_on or read >= most:
                return
            until = max((one.updated_at for one in page), default=None)
            if until is not None and (since is None or until - since >= step):
                since = until
                break
        else:
            return


def zulu(moment: dt.datetime | None) -> str:
    """A time as both take it; empty for none."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def holding(marker: str, pages: Iterable[list[Seen]]) -> Seen | None:
    """The first issue in whose text the marker stands."""
    return next((one for page in pages for one in page if marker in one.text), None)
