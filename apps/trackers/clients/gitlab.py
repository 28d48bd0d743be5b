"""GitLab issues. Source: REST API v4, issues. The token needs the scope api and the role Reporter.

Issues are filed as confidential: a project that everybody reads shows no weakness.
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

quoted = fenced


def probe(line: Line) -> str:
    found = _found(line)
    check_name(text(found, "path_with_namespace"), line.project)
    if found.get("issues_enabled") is False or found.get("issues_access_level") == "disabled":
        raise OutgoingFailed(errors.STATUS, "Issues are switched off in this project.")
    if found.get("archived") is True:
        raise OutgoingFailed(errors.STATUS, "This project is archived: nothing can be filed.")
    return f"{text(found, 'path_with_namespace') or line.project} is there; issues are filed as confidential."


def whereabouts(line: Line) -> str:
    return text(_found(line), "path_with_namespace")


def _found(line: Line) -> Mapping[str, Any]:
    answer, _ = line.json("GET", _project(line), follows=True)
    return expect(answer, "project")


def find(line: Line, marker: str, since: dt.datetime) -> Seen | None:
    return holding(marker, changed(line, since, most=FIND_PAGES))


def create(line: Line, title: str, body: str, marker: str) -> Seen:
    content = {
        "title": title,
        "description": signed(body, marker),
        "labels": ",".join(line.labels),
        "confidential": True,
    }
    answer, _ = line.json("POST", _project(line, "issues"), content=content)
    return _seen(expect(answer, "issue"))


def look(line: Line, key: str) -> Seen | None:
    found = line.at(_project(line, "issues", key))
    return None if found is None else _seen(expect(found, "issue"))


def read(line: Line, key: str) -> Named:
    answer, _ = line.json("GET", _project(line, "issues", key))
    found = expect(answer, "issue")
    # SECURITY: what is confidential there is not told here, also not by its title.
    title = "" if found.get("confidential") is not False else text(found, "title")
    return Named(title, text(found, "web_url"))


def close(line: Line, key: str) -> None:
    line.json("PUT", _project(line, "issues", key), content={"state_event": "close"})


def comment(line: Line, key: str, body: str) -> None:
    line.json("POST", _project(line, "issues", key, "notes"), content={"body": body})


def changed(
    line: Line, since: dt.datetime | None, rule: str = "", *, most: int = MAX_PAGES
) -> Iterator[list[Seen]]:
    state = "opened" if since is None else ""

    def look(since: dt.datetime | None) -> Iterator[Page]:
        url = _project(
            line, "issues", scope="all", order_by="updated_at", sort="asc", per_page=PER_PAGE,
            updated_after=zulu(since), labels=rule, state=state,
        )  # fmt: skip
        for rows, goes_on in linked_issues(line, url):
            yield [_seen(row) for row in rows], goes_on

    return steadily(look, since, most=most)


def _project(line: Line, *path: str, **query: Any) -> str:
    return address(f"{line.url.rstrip('/')}/api/v4", "projects", line.project, *path, **query)


def _seen(row: Any) -> Seen:
    if not text(row, "iid"):
        raise OutgoingFailed(errors.CONTENT, "The answer's issue has no number.")
    return Seen(
        key=text(row, "iid"),
        url=text(row, "web_url"),
        is_closed=text(row, "state") == "closed",
        updated_at=moment(text(row, "updated_at")),
        id=text(row, "id"),
        title=text(row, "title"),
        text=text(row, "description"),
        labels=names_of(row.get("labels")),
        is_private=row.get("confidential") is not False,
    )
