"""Findings as CSV (RFC 4180), for spreadsheets."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from apps.common.tables import Echo, cell
from apps.scans.exports.rows import ExportRow, owner_of, tags_of
from apps.scans.exports.words import SEVERITY_NAMES, finding_url
from apps.scans.models import Finding

COLUMNS = (
    "id",
    "system",
    "stage",
    "tool",
    "category",
    "branch",
    "environment",
    "state",
    "severity",
    "kind",
    "rule",
    "title",
    "path",
    "line",
    "place",
    "package",
    "weaknesses",
    "vulnerabilities",
    "first_seen_at",
    "fixed_at",
    "reopened",
    "reason",
    "justification",
    "said_by",
    "said_at",
    "url",
    "owner",
    "tags",
)


def csv_lines(rows: Iterable[ExportRow], columns: Sequence[str] = COLUMNS) -> Iterator[str]:
    """columns: those of COLUMNS, and of exploits and loss where the rows were read with these.

    SECURITY: what tools wrote is data to a spreadsheet, never a formula (common.tables.cell).
    """
    writer = csv.writer(Echo())
    yield writer.writerow(columns)
    for row in rows:
        values = dict(zip(COLUMNS, _values(row), strict=True)) | _besides(row.finding)
        yield writer.writerow([cell(values[name]) for name in columns])


def _besides(found: Finding) -> dict[str, Any]:
    """As annotated by with_exploits and with_losses; empty where the rows were read without."""
    epss: float | None = getattr(found, "epss", None)
    loss: Decimal | None = getattr(found, "annual_loss", None)
    return {
        "annual_loss": "" if loss is None else loss,
        "known_exploited": "yes" if getattr(found, "kev", False) else "",
        "epss": "" if epss is None else epss,
    }


def _values(row: ExportRow) -> list[Any]:
    found, series, said = row.finding, row.finding.series, row.said
    return [
        found.pk,
        found.system.key,
        found.stage,
        series.tool,
        series.category,
        series.branch,
        series.environment,
        found.state,
        SEVERITY_NAMES[found.severity],
        found.kind,
        found.rule_id,
        found.title,
        found.path,
        found.line,
        found.place,
        found.purl,
        " ".join(f"CWE-{number}" for number in found.cwes),
        " ".join(found.vulnerabilities),
        found.first_seen_at.isoformat(),
        found.fixed_at.isoformat() if found.fixed_at else "",
        found.reopened_count,
        said.triage.reason if said else "",
        said.triage.justification if said else "",
        said.triage.actor_label if said else "",
        said.triage.created_at.isoformat() if said else "",
        finding_url(found),
        owner_of(found),
        ", ".join(tags_of(found)),
    ]
