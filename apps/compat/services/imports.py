"""One scan of a client of DefectDojo: its context is found or made, its bytes become a report."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.accounts.actors import Actor
from apps.catalog.models import System
from apps.compat.models import Engagement, ScanRun
from apps.compat.scan_types import format_of
from apps.compat.services.contexts import run_ensure
from apps.scans.models import Report
from apps.scans.services.receive import LONGEST, Claim, report_receive

EVERY = "*"  # in place of an engagement's name: those of the product share one series
DIGEST = 8  # hexadecimal digits that keep two long names apart


@dataclass(frozen=True)
class Scan:
    """What the client says of it.

    closes: findings that it no longer has are fixed. scanned_at: as Claim has it. service: a part of the
    system whose findings are its own. is_of_product, said: as run_ensure has them.
    """

    scan_type: str
    closes: bool
    branch: str = ""
    environment: str = ""
    commit: str = ""
    filename: str = ""
    scanned_at: dt.datetime | None = None
    service: str = ""
    is_of_product: bool | None = None
    said: Mapping[str, Any] = field(default_factory=dict)


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
    run, _ = run_ensure(
        actor=actor,
        engagement=engagement,
        title=title,
        scan_type=scan.scan_type,
        is_of_product=scan.is_of_product,
        said=scan.said,
    )
    system: System = engagement.system
    report = report_receive(
        actor=actor,
        system=system,
        claim=Claim(
            category=category_of(
                EVERY if run.is_of_product else engagement.name,
                run.title,
                scan.scan_type,
                scan.service,
            ),
            branch=scan.branch,
            environment=scan.environment,
            commit=scan.commit,
            format=format_of(scan.scan_type),
            filename=scan.filename,
            is_full=scan.closes,
            scanned_at=scan.scanned_at,
        ),
        chunks=chunks,
    )
    return run, report


def category_of(engagement: str, title: str, scan_type: str, service: str = "") -> str:
    """What tells this series from the tool's others: two engagements never close each other's findings,
    and no more do two services."""
    named = [engagement] if title in {scan_type, engagement} else [engagement, title]
    if engagement == EVERY:
        named = [EVERY, title]
    text = " / ".join(filter(None, [*named, service]))
    if len(text) <= LONGEST["category"]:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:DIGEST]
    return f"{text[: LONGEST['category'] - DIGEST - 1]}~{digest}"
