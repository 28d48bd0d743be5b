"""One scan of a client of DefectDojo: its context is found or made, its bytes become a report."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from apps.accounts.actors import Actor
from apps.catalog.models import System
from apps.compat.models import Engagement, ScanRun
from apps.compat.scan_types import format_of
from apps.compat.services.contexts import run_ensure
from apps.scans.models import Report
from apps.scans.services.receive import LONGEST, Claim, report_receive

DIGEST = 8  # hexadecimal digits that keep two long names apart


@dataclass(frozen=True)
class Scan:
    """What the client says of it. `closes`: findings that it no longer has are fixed."""

    scan_type: str
    closes: bool
    branch: str = ""
    environment: str = ""
    commit: str = ""
    filename: str = ""


def scan_import(
    *,
    actor: Actor,
    engagement: Engagement,
    title: str,
    scan: Scan,
    chunks: Iterable[bytes],
) -> tuple[ScanRun, Report]:
    """Take in a scan as a report of the engagement's system.

    Raises: as report_receive; nothing is kept but the run's name when the report is refused.
    """
    run, _ = run_ensure(actor=actor, engagement=engagement, title=title, scan_type=scan.scan_type)
    system: System = engagement.system
    report = report_receive(
        actor=actor,
        system=system,
        claim=Claim(
            category=category_of(engagement.name, run.title, scan.scan_type),
            branch=scan.branch,
            environment=scan.environment,
            commit=scan.commit,
            format=format_of(scan.scan_type),
            filename=scan.filename,
            is_full=scan.closes,
        ),
        chunks=chunks,
    )
    return run, report


def category_of(engagement: str, title: str, scan_type: str) -> str:
    """What tells this series from the tool's others: two engagements never close each other's findings."""
    text = engagement if title in {scan_type, engagement} else f"{engagement} / {title}"
    if len(text) <= LONGEST["category"]:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:DIGEST]
    return f"{text[: LONGEST['category'] - DIGEST - 1]}~{digest}"
