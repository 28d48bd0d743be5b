"""The kinds of file in which findings leave, each as a stream."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from django.utils import timezone

from apps.accounts.actors import Actor
from apps.scans.columns import file_columns
from apps.scans.exports.rows import (
    components,
    rows_by_series,
    rows_listed,
    rows_of_vulnerabilities,
    rows_shown,
)
from apps.scans.exports.sarif import sarif_lines
from apps.scans.exports.tables import csv_lines
from apps.scans.exports.vex import cyclonedx_lines, openvex_lines
from apps.scans.selectors import FindingFilter

TOGETHER = 200  # rows a piece: fewer, larger writes


@dataclass(frozen=True)
class ExportKind:
    label: str
    content_type: str
    ending: str
    lines: Callable[[Actor, FindingFilter], Iterator[str]]


def _openvex(viewer: Actor, wanted: FindingFilter) -> Iterator[str]:
    rows = rows_of_vulnerabilities(viewer, wanted)
    return openvex_lines(rows, now=timezone.now(), uid=uuid.uuid4())


def _cyclonedx(viewer: Actor, wanted: FindingFilter) -> Iterator[str]:
    return cyclonedx_lines(
        rows_of_vulnerabilities(viewer, wanted),
        components(viewer, wanted),
        now=timezone.now(),
        uid=uuid.uuid4(),
    )


KINDS = {
    "csv": ExportKind(
        "CSV",
        "text/csv; charset=utf-8",
        "csv",
        lambda viewer, wanted: csv_lines(rows_listed(viewer, wanted)),
    ),
    "sarif": ExportKind(
        "SARIF",
        "application/sarif+json",
        "sarif",
        lambda viewer, wanted: sarif_lines(rows_by_series(viewer, wanted)),
    ),
    "openvex": ExportKind("OpenVEX", "application/json", "openvex.json", _openvex),
    "cyclonedx": ExportKind(
        "CycloneDX VEX", "application/vnd.cyclonedx+json; version=1.6", "cdx.json", _cyclonedx
    ),
}


def csv_of_columns(columns: Sequence[str]) -> ExportKind:
    """The CSV that holds what the list shows with these columns (apps/scans/columns.py), and no more."""
    names = file_columns(columns)
    return replace(
        KINDS["csv"],
        lines=lambda viewer, wanted: csv_lines(rows_shown(viewer, wanted, names), names),
    )


def pieces(kind: ExportKind, viewer: Actor, wanted: FindingFilter) -> Iterator[str]:
    """The file, some rows at a time. Only what the viewer may see."""
    lines = kind.lines(viewer, wanted)
    while piece := "".join(islice(lines, TOGETHER)):
        yield piece
