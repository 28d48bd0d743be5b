"""Issue trackers that keep issues and answer as the documented APIs do.

Sources: GitHub REST API "Issues" (version 2022-11-28), GitLab REST API v4 "Issues API", Jira REST API
version 2 of Cloud (/search/jql with nextPageToken) and of Server (/search with startAt and total).
"""

import datetime as dt
import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.servers import Asked, Says, Server

TOKEN = "a-token-of-the-tracker"  # of a stand-in


@dataclass
class Issue:
    number: int
    title: str
    text: str
    labels: list[str]
    updated: dt.datetime
    is_closed: bool = False
    raw: dict[str, Any] = field(default_factory=dict)


class StandIn:
    """What all kinds share: a store, small pages, and `lost`: the next creation's answer breaks off."""

    page = 2
    url_path = ""
    project = ""
    username = ""
    authorization = f"Bearer {TOKEN}"

    def __init__(self, server: Server) -> None:
        self.server, self.issues = server, list[Issue]()
        self.lost = False
        self.comments = list[str]()
        self.gone = set[int]()  # numbers of issues that were deleted: answered with 404 or 410
        self.refusal: Says | None = None
        self.clock = dt.datetime.now(dt.UTC)

    @property
    def url(self) -> str:
        return self.server.url + self.url_path

    def add(self, title: str, text: str, labels: list[str], raw: dict[str, Any]) -> Issue:
        made = Issue(len(self.issues) + 1, title, text, labels, self.tick(), raw=raw)
        self.issues.append(made)
        return made

    def there(self) -> list[Issue]:
        return [one for one in self.issues if one.number not in self.gone]

    def tick(self) -> dt.datetime:
        self.clock += dt.timedelta(seconds=1)
        return self.clock

    def close(self, number: int, *, is_closed: bool = True) -> None:
        issue = self.issues[number - 1]
        issue.is_closed, issue.updated = is_closed, self.tick()

    def serve_one(self, number: int, path: str, comments: str) -> None:
        """The addresses of one issue."""
        self.server.routes[path] = lambda asked: (
            self.guarded(asked) or self.missing(number) or self.one(asked, number)
        )
        self.server.routes[f"{path}/{comments}"] = self.commented

    def missing(self, number: int) -> Says | None:
        return Says({"message": "This issue was deleted"}, 410) if number in self.gone else None

    def commented(self, asked: Asked) -> Says:
        if refused := self.guarded(asked):
            return refused
        self.comments.append(json.loads(asked.body)["body"])
        return Says({"id": 1}, 201)

    def one(self, asked: Asked, number: int) -> Says:
        """GitHub closes by PATCH with a state, GitLab by PUT with an event; both give it."""
        if asked.method == "GET":
            return Says(self.row(self.issues[number - 1]))
        said = (asked.method, json.loads(asked.body))
        assert said in (
            ("PATCH", {"state": "closed", "state_reason": "completed"}),
            ("PUT", {"state_event": "close"}),
        )
        self.close(number)
        return Says({"state": "closed"})

    def row(self, issue: Issue) -> dict[str, Any]:
        """An issue as this kind gives it."""
        raise NotImplementedError

    def guarded(self, asked: Asked) -> Says | None:
        if self.refusal is not None:
            return self.refusal
        if asked.headers.get("authorization") != self.authorization:
            return Says({"message": "Bad credentials"}, 401)
        return None

    def created(self, says: dict[str, Any]) -> Says:
        """Created, but the answer may get lost on its way: fewer bytes come than were announced."""
        if self.lost:
            self.lost = False
            return Says(says, 201, announced=100_000)
        return Says(says, 201)

    def since(self, text: str, labels: str = "", *, only_open: bool = False) -> list[Issue]:
        """What changed at a time or later, the oldest change first; labels, parted by commas, are all there."""
        moment = dt.datetime.fromisoformat(text or "1970-01-01T00:00:00Z")
        wanted = {label.strip() for label in labels.split(",") if label.strip()}
        return sorted(
            (
                one
                for one in self.there()
                if one.updated.replace(microsecond=0) >= moment
                and wanted <= set(one.labels)
                and not (only_open and one.is_closed)
            ),
            key=lambda one: one.updated,
        )

    def paged(self, asked: Asked, rows: list[dict[str, Any]]) -> Says:
        """Pages with a Link header (RFC 8288)."""
        number = int(asked.query.get("page", "1"))
        part = rows[(number - 1) * self.page : number * self.page]
        headers = {}
        if len(rows) > number * self.page:
            rest = "&".join(f"{k}={v}" for k, v in asked.query.items() if k != "page")
            headers["Link"] = (
                f'<{self.server.url}{asked.path}?{rest}&page={number + 1}>; rel="next"'
            )
        return Says(part, headers=headers)


class GitHub(StandIn):
    kind, project = "github", "example/payments"

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        server.routes["/repos/example/payments"] = lambda asked: (
            self.guarded(asked)
            or Says(
                {"full_name": self.project, "private": True, "has_issues": True, "archived": False}
            )
        )
        server.routes["/repos/example/payments/issues"] = self.answer

    def answer(self, asked: Asked) -> Says:
        if refused := self.guarded(asked):
            return refused
        if asked.method == "POST":
            said = json.loads(asked.body)
            self.serve_one(len(self.issues) + 1, f"{asked.path}/{len(self.issues) + 1}", "comments")
            return self.created(
                self.row(self.add(said["title"], said["body"], said["labels"], said))
            )
        state, labels = asked.query["state"], asked.query.get("labels", "")
        assert state in {"all", "open"}
        found = self.since(asked.query.get("since", ""), labels, only_open=state == "open")
        return self.paged(asked, [self.row(one) for one in found])

    def row(self, issue: Issue) -> dict[str, Any]:
        return {
            "id": 5000 + issue.number,
            "number": issue.number,
            "labels": [{"id": 1, "name": label} for label in issue.labels],
            "title": issue.title,
            "html_url": f"https://github.com/example/payments/issues/{issue.number}",
            "state": "closed" if issue.is_closed else "open",
            "updated_at": issue.updated.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "body": issue.text,
        }


class GitLab(StandIn):
    kind, project = "gitlab", "example/payments"

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        base = "/api/v4/projects/example%2Fpayments"
        server.routes[base] = lambda asked: (
            self.guarded(asked)
            or Says(
                {"path_with_namespace": self.project, "issues_enabled": True, "archived": False}
            )
        )
        server.routes[f"{base}/issues"] = self.answer

    def answer(self, asked: Asked) -> Says:
        if refused := self.guarded(asked):
            return refused
        if asked.method == "POST":
            said = json.loads(asked.body)
            made = self.add(said["title"], said["description"], said["labels"].split(","), said)
            self.serve_one(made.number, f"{asked.path}/{made.number}", "notes")
            return self.created(self.row(made))
        state, labels = asked.query.get("state", ""), asked.query.get("labels", "")
        assert state in {"", "opened"}
        found = self.since(asked.query.get("updated_after", ""), labels, only_open=bool(state))
        return self.paged(asked, [self.row(one) for one in found])

    def row(self, issue: Issue) -> dict[str, Any]:
        return {
            "id": 9000 + issue.number,
            "iid": issue.number,
            "labels": issue.labels,
            "title": issue.title,
            "confidential": issue.raw.get("confidential", False),
            "web_url": f"https://gitlab.com/example/payments/-/issues/{issue.number}",
            "state": "closed" if issue.is_closed else "opened",
            "updated_at": issue.updated.isoformat(timespec="milliseconds"),
            "description": issue.text,
        }


class JiraServer(StandIn):
    kind, project, search = "jira-server", "PAY", "/rest/api/2/search"

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        server.routes["/rest/api/2/project/PAY"] = lambda asked: (
            self.guarded(asked)
            or Says(
                {
                    "key": "PAY",
                    "name": "Payments",
                    "issueTypes": [{"name": "Bug"}, {"name": "Task"}],
                }
            )
        )
        server.routes["/rest/api/2/issue"] = self.create
        server.routes[self.search] = self.find

    def create(self, asked: Asked) -> Says:
        if refused := self.guarded(asked):
            return refused
        said = json.loads(asked.body)["fields"]
        made = self.add(said["summary"], said["description"], said["labels"], said)
        path = f"{asked.path}/PAY-{made.number}"
        self.serve_one(made.number, path, "comment")
        self.server.routes[f"{path}/transitions"] = lambda moved: self.transit(moved, made)
        return self.created({"id": str(made.number), "key": f"PAY-{made.number}", "self": "x"})

    def one(self, asked: Asked, number: int) -> Says:
        assert asked.method == "GET"
        return Says(self.row(self.issues[number - 1]))

    def transit(self, asked: Asked, issue: Issue) -> Says:
        if asked.method == "POST":
            assert json.loads(asked.body) == {"transition": {"id": "31"}}
            self.close(issue.number)
            return Says(b"", 204)
        to = [("21", "indeterminate"), ("31", "done")]
        ways = [{"id": i, "to": {"statusCategory": {"key": key}}} for i, key in to]
        return Says({"transitions": ways})

    def find(self, asked: Asked) -> Says:
        if refused := self.guarded(asked):
            return refused
        jql = asked.query["jql"]
        if label := re.fullmatch(r'project = "PAY" AND labels = "([\w-]+)"', jql):
            found = [one for one in self.there() if label[1] in one.labels]
        else:
            chosen = self.chosen(jql)
            if chosen is None:
                return Says({"errorMessages": ["Error in the JQL Query"]}, 400)
            found = chosen
        return self.page_of(asked, [self.row(one) for one in found])

    def chosen(self, jql: str) -> list[Issue] | None:
        """What a look finds. None: a rule that this Jira does not know; it knows (labels = one)."""
        asked = re.fullmatch(
            r'project = "PAY"(?: AND \((?P<rule>.*?)\))?(?P<open> AND statusCategory != Done)?'
            r'(?: AND updated >= "-(?P<ago>\d+)m")? ORDER BY updated ASC',
            jql,
        )
        assert asked is not None
        label = re.fullmatch(r"labels = ([\w-]+)", asked["rule"] or "labels = any")
        if label is None:
            return None
        ago = self.clock - dt.timedelta(minutes=int(asked["ago"])) if asked["ago"] else None
        labels = label[1] if asked["rule"] else ""
        return self.since(ago.isoformat() if ago else "", labels, only_open=bool(asked["open"]))

    def page_of(self, asked: Asked, rows: list[dict[str, Any]]) -> Says:
        start = int(asked.query.get("startAt", "0"))
        return Says(
            {"startAt": start, "total": len(rows), "issues": rows[start : start + self.page]}
        )

    def row(self, issue: Issue) -> dict[str, Any]:
        category = "done" if issue.is_closed else "new"
        return {
            "id": str(10000 + issue.number),
            "key": f"PAY-{issue.number}",
            "fields": {
                "description": issue.text or None,
                "labels": issue.labels,
                "components": [{"name": name} for name in issue.raw.get("components", [])],
                "summary": issue.title,
                "security": issue.raw.get("security"),
                "status": {"name": "Any", "statusCategory": {"key": category}},
                "updated": issue.updated.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            },
        }


class JiraCloud(JiraServer):
    kind, search = "jira-cloud", "/rest/api/2/search/jql"
    username = "robot@example.org"
    # base64 of "robot@example.org:a-token-of-the-tracker", by coreutils' base64
    authorization = "Basic cm9ib3RAZXhhbXBsZS5vcmc6YS10b2tlbi1vZi10aGUtdHJhY2tlcg=="

    def page_of(self, asked: Asked, rows: list[dict[str, Any]]) -> Says:
        start = int(asked.query.get("nextPageToken", "0"))
        says: dict[str, Any] = {"issues": rows[start : start + self.page]}
        if len(rows) > start + self.page:
            says["nextPageToken"] = str(start + self.page)
        return Says(says | {"isLast": "nextPageToken" not in says})


KINDS: dict[str, type[StandIn]] = {
    "github": GitHub,
    "gitlab": GitLab,
    "jira-cloud": JiraCloud,
    "jira-server": JiraServer,
}
