"""GitHub's alerts: code scanning, Dependabot and secret scanning of one repository.

Source: GitHub REST API, version 2022-11-28. Reading needs a token with "Code scanning alerts",
"Dependabot alerts" or "Secret scanning alerts" (read).
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from apps.common.outgoing import Answer
from apps.sources.connectors import generic
from apps.sources.connectors.fields import Field
from apps.sources.connectors.generic import listed, number, text
from apps.sources.connectors.paging import address, expect_list, expect_objects, linked_pages
from apps.sources.connectors.types import Connector, Context, Found

HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
API = Field(
    "url", "API", "url", default="https://api.github.com",
    help="https://api.github.com, or https://github.example.org/api/v3",
)  # fmt: skip
REPOSITORY = Field(
    "repository", "Repository", pattern=r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}",
    help="owner/name",
)  # fmt: skip


def below(config: Mapping[str, Any], *path: str, **query: Any) -> str:
    """An address of the repository."""
    owner, _, name = str(config["repository"]).partition("/")
    return address(str(config["url"]), "repos", owner, name, *path, **query)


class GitHubAlerts(Connector):
    """What the three have in common: open and dismissed alerts as one snapshot."""

    fields = (API, REPOSITORY)
    credentials = frozenset({"bearer"})
    needs_credential = True
    kind: ClassVar[str]
    tool: ClassVar[str]
    states: ClassVar[tuple[str, ...]]

    def pull(self, context: Context) -> Iterator[Found]:
        """One snapshot. Where all fitted on one page, its ETag spares the rest of our budget."""
        alerts: list[dict[str, Any]] = []
        etags: dict[str, str] = {}
        known = context.cursor.get("etags")
        if self._is_unchanged(context, known if isinstance(known, dict) else {}):
            return
        for state in self.states:
            pages = linked_pages(context, self._url(context, state), HEADERS)
            for count, (page, answer) in enumerate(pages, 1):
                alerts += expect_objects(page, "alerts")
                etags[state] = answer.header("ETag") if count == 1 else ""
        alerts.sort(key=lambda alert: number(alert, "number") or 0)
        whole = etags if all(etags.values()) else {}
        yield Found(
            chunks=generic.report(self.tool, map(self.finding, alerts)),
            cursor={"etags": {state: etag[:200] for state, etag in whole.items()}},
            is_live=True,
            filename=f"{self.kind}.json",
            format=generic.FORMAT,
            tool=self.tool,
        )

    def probe(self, context: Context) -> str:
        page, answer = context.http.json(
            self._url(context, self.states[0], per_page=1), headers=HEADERS
        )
        some = "at least one open alert" if expect_list(page, "alerts") else "no open alert"
        left = answer.header("X-RateLimit-Remaining") or "an unknown number of"
        return f"The repository answers: {some}. {left[:20]} requests are left in this hour."

    def finding(self, alert: Mapping[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def _url(self, context: Context, state: str, per_page: int = 100) -> str:
        return below(context.config, self.kind, "alerts", state=state, per_page=per_page)

    def _is_unchanged(self, context: Context, etags: Mapping[str, Any]) -> bool:
        """Whether every state's one page is the one we know (304 costs no budget)."""
        if not all(etags.get(state) for state in self.states):
            return False
        return all(
            self._asked(context, state, str(etags[state])).status == 304 for state in self.states
        )

    def _asked(self, context: Context, state: str, etag: str) -> Answer:
        headers = {**HEADERS, "If-None-Match": etag}
        _, answer = context.http.json(self._url(context, state), headers=headers, also={304})
        return answer


class CodeScanning(GitHubAlerts):
    slug = "github-code-scanning"
    name = "GitHub code scanning"
    summary = "Alerts of CodeQL and of every analyser that uploads to a repository."
    kind = "code-scanning"
    tool = "GitHub code scanning"
    states = ("open", "dismissed")
    stages = ("code",)

    def finding(self, alert: Mapping[str, Any]) -> dict[str, Any]:
        place = generic.inner(alert, "most_recent_instance", "location")
        rule = generic.inner(alert, "rule")
        tags = generic.inner(rule, "tags")
        words = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
        return {
            "kind": "code",
            "rule_id": text(rule, "id"),
            "rule_name": text(rule, "name"),
            "title": text(rule, "description") or text(rule, "id") or "Alert",
            "severity": text(rule, "security_severity_level") or _level(text(rule, "severity")),
            "path": text(place, "path"),
            "line": number(place, "start_line"),
            "end_line": number(place, "end_line"),
            "column": number(place, "start_column"),
            "description": text(alert, "most_recent_instance", "message", "text"),
            "cwes": [tag.rpartition("/")[2] for tag in words if "/cwe/" in tag],
            "tags": [text(alert, "tool", "name")],
            "references": [text(alert, "html_url")],
            "fingerprint": text(alert, "number"),
            "occurred_at": text(alert, "created_at"),
            "suppressed": _dismissed(alert),
        }


class Dependabot(GitHubAlerts):
    slug = "github-dependabot"
    name = "GitHub Dependabot"
    summary = "Alerts about dependencies of a repository."
    kind = "dependabot"
    tool = "Dependabot"
    states = ("open", "dismissed")
    stages = ("build",)

    def finding(self, alert: Mapping[str, Any]) -> dict[str, Any]:
        advisory = generic.inner(alert, "security_advisory")
        package = generic.inner(alert, "dependency", "package")
        cwes = [text(each, "cwe_id") for each in listed(generic.inner(advisory, "cwes"))]
        ids = [text(advisory, "cve_id"), text(advisory, "ghsa_id")]
        return {
            "kind": "package",
            "rule_id": next(filter(None, ids), "advisory"),
            "title": f"{text(advisory, 'summary') or 'Advisory'} ({text(package, 'name')})",
            "severity": text(alert, "security_vulnerability", "severity")
            or text(advisory, "severity"),
            "purl": _purl(text(package, "ecosystem"), text(package, "name")),
            "path": text(alert, "dependency", "manifest_path"),
            "description": text(advisory, "description"),
            "cwes": cwes,
            "vulnerabilities": [each for each in ids if each],
            "cvss_vector": text(advisory, "cvss", "vector_string"),
            "fixed_version": text(
                alert, "security_vulnerability", "first_patched_version", "identifier"
            ),
            "references": [text(alert, "html_url")],
            "fingerprint": text(alert, "number"),
            "occurred_at": text(alert, "created_at"),
            "suppressed": _dismissed(alert),
        }


class SecretScanning(GitHubAlerts):
    """SECURITY: the secret itself is in the answer; it is not taken over, and asked to be hidden."""

    slug = "github-secret-scanning"
    name = "GitHub secret scanning"
    summary = "Alerts about secrets in a repository; never the secrets."
    kind = "secret-scanning"
    tool = "GitHub secret scanning"
    states = ("open",)
    stages = ("code",)

    def _url(self, context: Context, state: str, per_page: int = 100) -> str:
        return super()._url(context, state, per_page) + "&hide_secret=true"

    def finding(self, alert: Mapping[str, Any]) -> dict[str, Any]:
        place = generic.inner(alert, "first_location_detected")
        return {
            "kind": "secret",
            "rule_id": text(alert, "secret_type") or "secret",
            "title": text(alert, "secret_type_display_name") or "Secret",
            "severity": "critical" if text(alert, "validity") == "active" else "high",
            "path": text(place, "path") or f"alert-{text(alert, 'number')}",
            "line": number(place, "start_line"),
            "references": [text(alert, "html_url")],
            "fingerprint": f"{text(alert, 'secret_type')}-{text(alert, 'number')}",
            "tags": [text(alert, "validity")],
            "occurred_at": text(alert, "created_at"),
        }


def _level(word: str) -> str:
    """A rule's severity where it says nothing of security: error, warning, note, none."""
    return {"error": "high", "warning": "medium", "note": "low", "none": "info"}.get(word, "medium")


def _dismissed(alert: Mapping[str, Any]) -> str:
    if text(alert, "state") != "dismissed":
        return ""
    reason = text(alert, "dismissed_reason") or "dismissed"
    comment = text(alert, "dismissed_comment")
    return f"{reason}: {comment}" if comment else reason


_TYPES = {"pip": "pypi", "rubygems": "gem", "actions": "github", "go": "golang", "rust": "cargo"}


def _purl(ecosystem: str, name: str) -> str:
    """A package URL without version; the alert speaks of a range."""
    if not ecosystem or not name:
        return ""
    kind = _TYPES.get(ecosystem, ecosystem)
    path = name.replace(":", "/") if ecosystem == "maven" else name
    return f"pkg:{kind}/{path.replace('@', '%40')}"
