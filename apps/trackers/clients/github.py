"""GitHub issues. Source: REST API for issues, version 2022-11-28.

The token needs "Issues: read and write" on the repository. What exists is asked of the list of
issues, which is up to date at once, and not of the search, whose index follows later.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from apps.common.outgoing import OutgoingFailed, errors
from apps.sources.connectors.generic import text
from apps.sources.connectors.paging import address
from apps.trackers.clients.line import FIND_PAGES, MAX_PAGES, PER_PAGE, Line
from apps.trackers.clients.pages import Page, holding, linked_issues, steadily, zulu
from apps.trackers.clients.types import (
    Named,
    Seen,
    check_name,
    expect,
    fenced,
    moment,
    names_of,
    signed,
)

HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
quoted = fenced


def probe(line: Line) -> str:
    found = _found(line)
    check_name(text(found, "full_name"), line.project)
    if found.get("has_issues") is False:
        raise OutgoingFailed(errors.STATUS, "Issues are switched off in this repository.")
    if found.get("archived") is True:
        raise OutgoingFailed(errors.STATUS, "This repository is archived: nothing can be filed.")
    seen = "private" if found.get("private") else "public: everybody reads what is filed"
    return f"{text(found, 'full_name') or line.project} is there ({seen})."


def whereabouts(line: Line) -> str:
    return text(_found(line), "full_name")


def _found(line: Line) -> Mapping[str, Any]:
    answer, _ = line.json("GET", _repository(line), headers=HEADERS, follows=True)
    return expect(answer, "repository")


def find(line: Line, marker: str, since: dt.datetime) -> Seen | None:
    return holding(marker, changed(line, since, most=FIND_PAGES))


def create(line: Line, title: str, body: str, marker: str) -> Seen:
    content = {"title": title, "body": signed(body, marker), "labels": list(line.labels)}
    answer, _ = line.json("POST", _repository(line, "issues"), headers=HEADERS, content=content)
    return _seen(expect(answer, "issue"))


def look(line: Line, key: str) -> Seen | None:
    found = line.at(_repository(line, "issues", key), headers=HEADERS)
    return None if found is None else _seen(expect(found, "issue"))


def read(line: Line, key: str) -> Named:
    answer, _ = line.json("GET", _repository(line, "issues", key), headers=HEADERS)
    found = expect(answer, "issue")
    return Named(text(found, "title"), text(found, "html_url"))


def close(line: Line, key: str) -> None:
    content = {"state": "closed", "state_reason": "completed"}
    line.json("PATCH", _repository(line, "issues", key), headers=HEADERS, content=content)


def comment(line: Line, key: str, body: str) -> None:
    url = _repository(line, "issues", key, "comments")
    line.json("POST", url, headers=HEADERS, content={"body": body})


def changed(
    line: Line, since: dt.datetime | None, rule: str = "", *, most: int = MAX_PAGES
) -> Iterator[list[Seen]]:
    state = "open" if since is None else "all"

    def look(since: dt.datetime | None) -> Iterator[Page]:
        url = _repository(
            line, "issues", state=state, sort="updated", direction="asc", per_page=PER_PAGE,
            since=zulu(since), labels=rule,
        )  # fmt: skip
        for rows, goes_on in linked_issues(line, url, HEADERS):
            yield [_seen(row) for row in rows if "pull_request" not in row], goes_on

    return steadily(look, since, most=most)


def _repository(line: Line, *path: str, **query: Any) -> str:
    return address(line.url, "repos", *line.project.split("/"), *path, **query)


def _seen(row: Any) -> Seen:
    if not text(row, "number"):
        raise OutgoingFailed(errors.CONTENT, "The answer's issue has no number.")
    return Seen(
        key=text(row, "number"),
        url=text(row, "html_url"),
        is_closed=text(row, "state") == "closed",
        updated_at=moment(text(row, "updated_at")),
        id=text(row, "id"),
        title=text(row, "title"),
        text=text(row, "body"),
        labels=names_of(row.get("labels")),
    )
