"""SonarQube and SonarCloud: the open issues of one project.

Source: SonarQube Web API, api/issues/search: at most 500 a page and 10 000 a search. The token goes as
bearer.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from apps.common.outgoing import OutgoingFailed, errors
from apps.sources.connectors.fields import Field
from apps.sources.connectors.generic import inner
from apps.sources.connectors.paging import address, expect_objects
from apps.sources.connectors.types import Connector, Context, Found

PAGE, MOST = 500, 10_000
SEVERITIES = ("BLOCKER", "CRITICAL", "MAJOR", "MINOR", "INFO")


class SonarQubeIssues(Connector):
    slug = "sonarqube"
    name = "SonarQube"
    summary = "The open issues of one project of SonarQube or SonarCloud."
    fields = (
        Field("url", "Server", "url", help="https://sonarcloud.io, or https://sonar.example.org"),
        Field("project", "Project key", pattern=r"[\w.:-]{1,400}", help="Letters, digits, . : _ -"),
        Field(
            "types", "Types", "choice", default="VULNERABILITY",
            choices=(("VULNERABILITY", "Vulnerabilities"), ("VULNERABILITY,BUG", "and bugs"),
                     ("VULNERABILITY,BUG,CODE_SMELL", "all")),
        ),
        Field("branch", "Branch", required=False, help="Where empty, the main one."),
    )  # fmt: skip
    credentials = frozenset({"bearer", "basic"})
    stages = ("code",)

    def pull(self, context: Context) -> Iterator[Found]:
        """One snapshot. Where there are more than one search gives, severity by severity; beyond that
        it is said to be a part, so that nothing counts as fixed that was only not listed."""
        first = self._page(context, 1)
        total, is_full = _total(first), True
        if total <= MOST:
            issues = self._all(context, total, first, {})
        else:
            issues = []
            for severity in SEVERITIES:
                page = self._page(context, 1, {"severities": severity})
                count = _total(page)
                is_full = is_full and count <= MOST
                issues += self._all(context, min(count, MOST), page, {"severities": severity})
        issues.sort(key=lambda issue: str(issue.get("key", "")))
        body = {"total": len(issues), "paging": {"total": len(issues)}, "effortTotal": 0}
        yield Found(
            chunks=[json.dumps({**body, "issues": issues}).encode()],
            cursor={},
            is_live=True,
            is_full=is_full,
            filename="sonarqube.json",
            format="sonarqube-issues",
            branch=str(context.config["branch"]),
        )

    def probe(self, context: Context) -> str:
        page = self._page(context, 1, size=1)
        return f"The project answers: {_total(page)} open issues of the types asked for."

    def _all(
        self, context: Context, total: int, first: Any, query: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        issues = expect_objects(inner(first, "issues"), "issues")
        number_ = 1
        while len(issues) < total and number_ * PAGE < MOST:
            number_ += 1
            more = expect_objects(inner(self._page(context, number_, query), "issues"), "issues")
            if not more:  # some were closed while we listed
                break
            issues += more
        known = {str(issue.get("key", place)): issue for place, issue in enumerate(issues)}
        return list(known.values())

    def _page(
        self,
        context: Context,
        number_: int,
        query: Mapping[str, str] | None = None,
        *,
        size: int = PAGE,
    ) -> Any:
        config: Mapping[str, Any] = context.config
        url = address(
            str(config["url"]), "api", "issues", "search", componentKeys=config["project"],
            types=config["types"], branch=config["branch"], resolved="false", ps=size, p=number_,
            s="CREATION_DATE", asc="true", **(query or {}),
        )  # fmt: skip
        data, _ = context.http.json(url)
        return data


def _total(page: Any) -> int:
    """How many there are. Raises: OutgoingFailed, since without it a part would look like the whole."""
    for path in (("paging", "total"), ("total",)):
        found = inner(page, *path)
        if isinstance(found, int) and not isinstance(found, bool) and found >= 0:
            return found
    raise OutgoingFailed(errors.CONTENT, "The answer is no list of issues.")
