"""Reports as a tool writes them (SARIF 2.1.0, OASIS standard), and the way they take through the portal."""

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.catalog.models import System
from apps.scans.models import Finding, Presence, Report, Series
from apps.scans.services.ingest import report_ingest
from apps.scans.services.receive import Claim, report_receive

TESTS = portal_actor("tests")


@dataclass(frozen=True)
class Weakness:
    """One result of a tool: the rule, the file, the line and the code on it."""

    rule: str = "py/sql-injection"
    path: str = "app/views.py"
    line: int = 10
    code: str = "cursor.execute(query)"
    level: str = "error"
    cwes: tuple[int, ...] = ()
    suppressed: bool = False


def weaknesses(*numbers: int, **fields: Any) -> list[Weakness]:
    """Distinct weaknesses, the same ones for the same numbers."""
    return [
        Weakness(path=f"app/module_{n}.py", line=n, code=f"run({n})", **fields) for n in numbers
    ]


def sarif(
    found: Iterable[Weakness],
    *,
    tool: str = "Sonar Fish",
    scanned_at: str = "",
    successful: bool = True,
) -> bytes:
    """One run of one tool.

    scanned_at: ISO 8601, the end of the invocation (SARIF 3.20.8); successful: its
    executionSuccessful (3.20.14).
    """
    found = list(found)
    invocation: dict[str, Any] = {"executionSuccessful": successful}
    if scanned_at:
        invocation["endTimeUtc"] = scanned_at
    run = {
        "tool": {"driver": {"name": tool, "version": "3.1.4", "rules": _rules(found)}},
        "invocations": [invocation],
        "results": [_result(each) for each in found],
    }
    return json.dumps({"version": "2.1.0", "runs": [run]}).encode()


def _rules(found: list[Weakness]) -> list[dict[str, Any]]:
    tags: dict[str, set[str]] = {each.rule: set() for each in found}
    for each in found:
        tags[each.rule] |= {f"external/cwe/cwe-{cwe}" for cwe in each.cwes}
    return [{"id": rule, "properties": {"tags": sorted(tags[rule])}} for rule in sorted(tags)]


def _result(each: Weakness) -> dict[str, Any]:
    region = {"startLine": each.line, "snippet": {"text": each.code}}
    place = {"artifactLocation": {"uri": each.path}, "region": region}
    result = {
        "ruleId": each.rule,
        "level": each.level,
        "message": {"text": f"{each.rule} in {each.path}"},
        "locations": [{"physicalLocation": place}],
    }
    if each.suppressed:
        result["suppressions"] = [{"kind": "inSource", "status": "accepted"}]
    return result


def receive(system: System, content: bytes, **claim: Any) -> Report:
    """Take a report in; nothing processes it."""
    return report_receive(actor=TESTS, system=system, claim=Claim(**claim), chunks=[content])


def post(system: System, content: bytes, **claim: Any) -> Report:
    """Take a report in and process it, as the worker does."""
    report = receive(system, content, **claim)
    process(report)
    return report


def process(report: Report) -> None:
    """Process a report as the worker does.

    In a test's transaction (each emptying of all tables costs a second) two things are helped: its
    now() stands still, and what ends with the worker's transaction does not end.
    """
    inside = connection.in_atomic_block
    if inside:
        Report.objects.filter(pk=report.pk).update(
            not_before=timezone.now() - dt.timedelta(hours=1)
        )
    report_ingest(report.pk)
    if inside:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS incoming")
    report.refresh_from_db()


def told(report: Report) -> tuple[int | None, ...]:
    """(new, unchanged, fixed, reopened) as the report says."""
    return report.new, report.unchanged, report.fixed, report.reopened


def finding_at(path: str, **fields: Any) -> Finding:
    """The one finding in a file."""
    return Finding.objects.get(path=path, **fields)


def intervals(finding: Finding) -> list[tuple[int, int | None]]:
    """(since, until) report ids of a finding, the oldest first."""
    return list(
        Presence.objects.filter(finding=finding).order_by("id").values_list("since_id", "until_id")
    )


def recount(series: Series) -> list[int]:
    """Open findings of a series by severity, counted one by one."""
    severities = list(
        Finding.objects.filter(series=series, state="open").values_list("severity", flat=True)
    )
    return [severities.count(level) for level in range(5)]


def row_versions(*tables: str) -> dict[str, list[tuple[Any, ...]]]:
    """(ctid, xmin) of every row: PostgreSQL's own record of which transaction wrote it where."""
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT ctid::text, xmin::text FROM {table} ORDER BY ctid")  # noqa: S608
            found[table] = cursor.fetchall()
    return found
