"""GitLab: report files of jobs, and the vulnerabilities of a project.

Source: GitLab REST API v4 (jobs, job artifacts) and GraphQL API (project.vulnerabilities; Ultimate).
The token needs read_api; it goes as PRIVATE-TOKEN (kind header) or as bearer.
"""

import fnmatch
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from apps.common.outgoing import OutgoingFailed, errors
from apps.sources.connectors import generic
from apps.sources.connectors.fields import Field
from apps.sources.connectors.generic import inner, listed, number, text
from apps.sources.connectors.paging import MAX_PAGES, address, expect_objects, linked_pages
from apps.sources.connectors.types import Connector, Context, Found

URL = Field("url", "GitLab", "url", default="https://gitlab.com", help="https://gitlab.example.org")
PROJECT = Field(
    "project", "Project", pattern=r"[\w.-]+(/[\w.-]+)+|\d{1,18}", help="group/name, or its number"
)
CREDENTIALS = frozenset({"header", "bearer"})
MAX_LISTED = 500


class JobArtifacts(Connector):
    slug = "gitlab-artifacts"
    name = "GitLab job artifacts"
    summary = "One report file of each new run of a job; pipelines stay as they are."
    fields = (
        URL,
        PROJECT,
        Field("job", "Job", help="Its name; * stands for anything: semgrep-sast"),
        Field("path", "File", help="As in artifacts: gl-sast-report.json"),
        Field("branch", "Only of branch or tag", required=False),
        Field("history", "How many at first", "number", default=5, low=1, high=100,
              help="Of those that are there already, the newest."),
    )  # fmt: skip
    credentials = CREDENTIALS

    def pull(self, context: Context) -> Iterator[Found]:
        """The file of each new job that ended, the oldest first."""
        path = str(context.config["path"])
        new = self._new(context)
        # Those that were there before the first run and were not asked for stay out for good.
        floor = context.cursor.get("floor") or min((number(e, "id") or 0 for e in new), default=0)
        for job in new:
            url = _project(context.config, "jobs", text(job, "id"), "artifacts")
            with context.http.open(f"{url}/{quote(path, safe='/')}", also={404}) as answer:
                if (
                    answer.status == 404
                ):  # this run of the job kept no such file, or no longer has it
                    yield Found(
                        chunks=(), cursor={"floor": floor}, key=_key(context, job), is_mark=True
                    )
                    continue
                yield Found(
                    chunks=answer.chunks(),
                    cursor={"floor": floor},
                    key=_key(context, job),
                    filename=path.rsplit("/", 1)[-1],
                    branch=text(job, "ref"),
                    commit=text(job, "commit", "id"),
                )

    def probe(self, context: Context) -> str:
        page, _ = context.http.json(self._url(context))
        jobs = [job for job in expect_objects(page, "jobs") if _fits(job, context.config)]
        return f"{len(jobs)} of the last {len(page)} jobs fit."

    def _url(self, context: Context) -> str:
        # A scan that found something often fails its job: both ends count.
        return _project(context.config, "jobs", per_page=100, **{"scope[]": ["success", "failed"]})

    def _new(self, context: Context) -> list[dict[str, Any]]:
        new, seen = list[dict[str, Any]](), 0
        floor = number(context.cursor, "floor") or 0
        for page, _ in linked_pages(context, self._url(context), {}):
            jobs = expect_objects(page, "jobs")
            fitting = [
                job
                for job in jobs
                if _fits(job, context.config) and (number(job, "id") or 0) >= floor
            ]
            known = context.known([_key(context, job) for job in fitting])
            fresh = [job for job in fitting if _key(context, job) not in known]
            new += fresh
            seen += len(jobs)
            if (not fresh and (fitting or floor)) or seen >= MAX_LISTED:
                break
        if not floor:
            new = new[: int(context.config["history"])]
        return sorted(new, key=lambda job: number(job, "id") or 0)


def _fits(job: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
    branch = str(config["branch"])
    named = fnmatch.fnmatchcase(text(job, "name"), str(config["job"]))
    return bool(number(job, "id")) and named and branch in {"", text(job, "ref")}


def _key(context: Context, job: Mapping[str, Any]) -> str:
    """Numbers of jobs are a server's own."""
    return f"{context.config['url']} job {text(job, 'id')} {context.config['path']}"


def _project(config: Mapping[str, Any], *path: str, **query: Any) -> str:
    base = f"{str(config['url']).rstrip('/')}/api/v4"
    return address(base, "projects", str(config["project"]), *path, **query)


_QUERY = """
query($path: ID!, $after: String) { project(fullPath: $path) { vulnerabilities(
  first: 100, after: $after, state: [DETECTED, CONFIRMED, DISMISSED], sort: detected_asc
) { pageInfo { hasNextPage endCursor } nodes {
  uuid title description solution severity state reportType detectedAt webUrl dismissalReason
  scanner { name } identifiers { externalType externalId name url }
  location {
    ... on VulnerabilityLocationSast { file startLine endLine }
    ... on VulnerabilityLocationSecretDetection { file startLine endLine }
    ... on VulnerabilityLocationDependencyScanning {
      file dependency { version package { name } } }
    ... on VulnerabilityLocationContainerScanning {
      image dependency { version package { name } } }
    ... on VulnerabilityLocationDast { hostname path param }
  } } } } }
"""
_KINDS = {
    "SAST": "code",
    "SECRET_DETECTION": "secret",
    "DEPENDENCY_SCANNING": "package",
    "CONTAINER_SCANNING": "package",
    "DAST": "web",
    "API_FUZZING": "web",
}


class Vulnerabilities(Connector):
    slug = "gitlab-vulnerabilities"
    name = "GitLab vulnerability report"
    summary = "What a project's vulnerability report shows, dismissals included (GitLab Ultimate)."
    fields = (
        URL,
        Field("project", "Project", pattern=r"[\w.-]+(/[\w.-]+)+", help="group/name"),
    )
    credentials = CREDENTIALS
    needs_credential = True
    stages = ("code", "build", "test")

    def pull(self, context: Context) -> Iterator[Found]:
        nodes = list(self._nodes(context))
        yield Found(
            chunks=generic.report("GitLab", map(_finding, nodes)),
            cursor={},
            is_live=True,
            filename="gitlab-vulnerabilities.json",
            format=generic.FORMAT,
            tool="GitLab",
        )

    def probe(self, context: Context) -> str:
        found = self._page(context, None)
        return f"The project answers, with {len(listed(inner(found, 'nodes')))} on the first page."

    def _nodes(self, context: Context) -> Iterator[dict[str, Any]]:
        after: str | None = None
        for _ in range(MAX_PAGES):
            page = self._page(context, after)
            yield from expect_objects(inner(page, "nodes"), "vulnerabilities")
            following = text(page, "pageInfo", "endCursor")
            if inner(page, "pageInfo", "hasNextPage") is not True:
                return
            if not following or following == after:
                break
            after = following
        raise OutgoingFailed(errors.CONTENT, "Its pages do not end.")

    def _page(self, context: Context, after: str | None) -> Any:
        variables = {"path": str(context.config["project"]), "after": after}
        data, _ = context.http.json(
            address(str(context.config["url"]), "api", "graphql"),
            method="POST",
            headers={"Content-Type": "application/json"},
            body=json.dumps({"query": _QUERY, "variables": variables}).encode(),
        )
        if problems := listed(inner(data, "errors")):
            said = text(problems[0], "message")[:200]
            raise OutgoingFailed(errors.CONTENT, f"GitLab refuses the query: {said}.")
        found = inner(data, "data", "project", "vulnerabilities")
        if not isinstance(found, dict):
            raise OutgoingFailed(
                errors.AUTH, "There is no such project, or the token may not read its report."
            )
        return found


def _finding(node: Mapping[str, Any]) -> dict[str, Any]:
    place, ids = inner(node, "location"), listed(inner(node, "identifiers"))
    package = text(place, "dependency", "package", "name")
    version = text(place, "dependency", "version")
    named = {text(each, "externalType").lower(): text(each, "externalId") for each in ids}
    first = text(ids[0], "name") if ids else ""
    host = text(place, "hostname")
    return {
        "kind": _KINDS.get(text(node, "reportType"), "code"),
        "rule_id": named.get("cve") or first or text(node, "title"),
        "title": text(node, "title") or "Vulnerability",
        "severity": text(node, "severity").lower(),
        "path": text(place, "file"),
        "line": _line(text(place, "startLine")),
        "end_line": _line(text(place, "endLine")),
        "resource": " ".join(filter(None, [text(place, "image"), package, version])),
        "url": host.rstrip("/") + text(place, "path") if host.startswith("http") else "",
        "host": "" if host.startswith("http") else host,
        "parameter": text(place, "param"),
        "description": text(node, "description"),
        "remediation": text(node, "solution"),
        "cwes": [named["cwe"]] if "cwe" in named else [],
        "vulnerabilities": [named["cve"]] if "cve" in named else [],
        "references": [text(node, "webUrl"), *(text(each, "url") for each in ids)],
        "tags": [text(node, "scanner", "name"), text(node, "reportType").lower()],
        "fingerprint": text(node, "uuid"),
        "occurred_at": text(node, "detectedAt"),
        "suppressed": (text(node, "dismissalReason") or "dismissed").lower()
        if text(node, "state") == "DISMISSED"
        else "",
    }


def _line(value: str) -> int | None:
    """GraphQL gives lines as texts."""
    return int(value) if value.isascii() and value.isdigit() and 0 < len(value) < 9 else None
