"""Lists of issues whose pages are linked, as GitHub and GitLab give them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from apps.sources.connectors.paging import expect_objects, next_link
from apps.trackers.clients.line import MAX_PAGES, Line
from apps.trackers.clients.types import Seen


def linked_issues(
    line: Line, url: str, headers: Mapping[str, str] | None = None
) -> Iterator[list[dict[str, Any]]]:
    """The pages of one look, at most MAX_PAGES. Raises: OutgoingFailed."""
    for _ in range(MAX_PAGES):
        answer, came = line.json("GET", url, headers=headers)
        yield expect_objects(answer, "issues")
        url = next_link(came)
        if not url:
            return


def holding(marker: str, pages: Iterable[list[Seen]]) -> Seen | None:
    """The first issue in whose text the marker stands."""
    return next((one for page in pages for one in page if marker in one.text), None)
