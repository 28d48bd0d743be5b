"""Jira, Cloud and Server. Source: REST API version 2 of both; Cloud's search is /search/jql.

Version 2 has texts as Jira's wiki markup, where version 3 of Cloud has documents of nodes (ADF).

Cloud takes the mail address with an API token, Server a personal access token. The marker is also a
label, since only labels are found exactly.
"""

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from typing import Any

from apps.common.outgoing import OutgoingFailed, errors
from apps.sources.connectors.generic import inner, text
from apps.sources.connectors.paging import address, expect_objects
from apps.trackers.clients.line import MAX_PAGES, PER_PAGE, Line
from apps.trackers.clients.pages import Page, steadily
from apps.trackers.clients.types import Named, Seen, check_name, expect, moment, names_of, signed
from apps.trackers.clients.wiki import markdown_of

FIELDS = "summary,description,labels,components,security,status,updated"
MINUTES = dt.timedelta(minutes=2)  # a look begins up to two of them before its time


class Jira:
    """Cloud and Server differ in how a search is asked and goes on."""

    def __init__(self, *, is_cloud: bool) -> None:
        self.is_cloud = is_cloud

    def probe(self, line: Line) -> str:
        answer, _ = line.json("GET", _api(line, "project", line.project))
        found = expect(answer, "project")
        check_name(text(found, "key"), line.project)
        kinds = [text(each, "name") for each in _list(found.get("issueTypes"))]
        if kinds and line.issue_type not in kinds:
            known = ", ".join(kinds[:20])
            raise OutgoingFailed(
                errors.STATUS, f"It has no issue type {line.issue_type}. It has: {known}."
            )
        return f"{text(found, 'name') or line.project} is there."

    def whereabouts(self, line: Line) -> str:
        """A project answers to the keys that it had."""
        answer, _ = line.json("GET", _api(line, "project", line.project))
        return text(expect(answer, "project"), "key")

    def look(self, line: Line, key: str) -> Seen | None:
        """An issue that was moved to another project answers to its old key, with its new one."""
        found = line.at(_api(line, "issue", key, fields=FIELDS))
        return None if found is None else _seen(line, expect(found, "issue"))

    def find(self, line: Line, marker: str, since: dt.datetime) -> Seen | None:
        pages = self._search(line, f'project = "{line.project}" AND labels = "{marker}"')
        return next((one for page, _goes_on in pages for one in page), None)

    def create(self, line: Line, title: str, body: str, marker: str) -> Seen:
        fields = {
            "project": {"key": line.project},
            "issuetype": {"name": line.issue_type},
            "summary": title,
            "description": signed(body, marker),
            "labels": [*line.labels, marker],
        }
        answer, _ = line.json("POST", _api(line, "issue"), content={"fields": fields})
        key = text(expect(answer, "issue"), "key")
        if not key:
            raise OutgoingFailed(errors.CONTENT, "The answer's issue has no key.")
        return Seen(key, _page(line, key), is_closed=False, updated_at=dt.datetime.now(dt.UTC))

    def read(self, line: Line, key: str) -> Named:
        answer, _ = line.json("GET", _api(line, "issue", key, fields="summary,security"))
        found = expect(answer, "issue")
        # SECURITY: an issue with a security level is not for everyone who sees its project.
        fields = found.get("fields")
        is_open = isinstance(fields, dict) and not fields.get("security")
        return Named(text(found, "fields", "summary") if is_open else "", _page(line, key))

    def close(self, line: Line, key: str) -> None:
        """By the first transition that leads to a status of the category "done"."""
        answer, _ = line.json("GET", _api(line, "issue", key, fields="status,updated"))
        if _seen(line, expect(answer, "issue")).is_closed:
            return
        url = _api(line, "issue", key, "transitions")
        answer, _ = line.json("GET", url)
        for way in _list(expect(answer, "list of transitions").get("transitions")):
            if text(way, "to", "statusCategory", "key") == "done":
                line.json("POST", url, content={"transition": {"id": text(way, "id")}})
                return
        raise OutgoingFailed(
            errors.STATUS, "Its workflow offers the token's owner no way to done.", permanent=True
        )

    def comment(self, line: Line, key: str, body: str) -> None:
        line.json("POST", _api(line, "issue", key, "comment"), content={"body": body})

    def changed(
        self, line: Line, since: dt.datetime | None, rule: str = "", *, most: int = MAX_PAGES
    ) -> Iterator[list[Seen]]:
        asked = [f'project = "{line.project}"']
        asked += [f"({rule})"] if rule else []
        asked += ["statusCategory != Done"] if since is None else []

        def look(since: dt.datetime | None) -> Iterator[Page]:
            jql = " AND ".join([*asked, *_since(since)])
            return self._search(line, f"{jql} ORDER BY updated ASC")

        return steadily(look, since, step=MINUTES, most=most)

    def quoted(self, text: str) -> str:
        return "{noformat}\n" + text.replace("{noformat", "(noformat") + "\n{noformat}"

    def _search(self, line: Line, jql: str) -> Iterator[Page]:
        asked: dict[str, Any] = {"jql": jql, "fields": FIELDS, "maxResults": PER_PAGE}
        path = ("search", "jql") if self.is_cloud else ("search",)
        taken = 0
        while True:
            answer, _came = line.json("GET", _api(line, *path, **asked))
            found = expect(answer, "list of issues")
            rows = expect_objects(found.get("issues"), "issues")
            taken += len(rows)
            if self.is_cloud:
                asked["nextPageToken"] = text(found, "nextPageToken")
                goes_on = bool(asked["nextPageToken"])
            else:
                asked["startAt"] = taken
                total = found.get("total")
                goes_on = isinstance(total, int) and taken < total
            goes_on = goes_on and bool(rows)
            yield [_seen(line, row) for row in rows], goes_on
            if not goes_on:
                return


def _api(line: Line, *path: str, **query: Any) -> str:
    return address(f"{line.url.rstrip('/')}/rest/api/2", *path, **query)


def _since(since: dt.datetime | None) -> list[str]:
    """Times in JQL are in the time zone of the token's owner; minutes ago are the same everywhere."""
    if since is None:
        return []
    ago = math.ceil((dt.datetime.now(dt.UTC) - since).total_seconds() / 60) + 1
    return [f'updated >= "-{max(ago, 1)}m"']


def _page(line: Line, key: str) -> str:
    return address(line.url, "browse", key)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _seen(line: Line, row: Mapping[str, Any]) -> Seen:
    key = text(row, "key")
    if not key:
        raise OutgoingFailed(errors.CONTENT, "The answer's issue has no key.")
    return Seen(
        key=key,
        url=_page(line, key),
        is_closed=text(row, "fields", "status", "statusCategory", "key") == "done",
        updated_at=moment(text(row, "fields", "updated")),
        id=text(row, "id"),
        title=text(row, "fields", "summary"),
        text=markdown_of(text(row, "fields", "description")),
        labels=names_of(inner(row, "fields", "labels"))
        + names_of(inner(row, "fields", "components")),
        is_private=bool(inner(row, "fields", "security")),
    )
