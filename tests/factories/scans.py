"""Series, reports and findings as ingestion leaves them, for tests that are not about ingestion."""

import datetime as dt
import hashlib
from typing import Any

from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.catalog.models import System
from apps.scans.models import Finding, FindingDetail, Presence, Report, Series
from apps.scans.services.receive import Claim, report_receive
from tests.factories.catalog import make_system
from tests.factories.numbers import next_number


def make_series(system: System | None = None, **fields: Any) -> Series:
    fields.setdefault("stage", "code")
    fields.setdefault("tool", f"tool-{next_number()}")
    return Series.objects.create(system=system or make_system(), **fields)


def make_report(system: System | None = None, *, content: bytes = b"{}", **claim: Any) -> Report:
    """A received report whose bytes are stored; nothing has processed it."""
    return report_receive(
        actor=portal_actor("tests"),
        system=system or make_system(),
        claim=Claim(**claim),
        chunks=[content],
    )


def make_finding(
    system: System | None = None,
    *,
    series: Series | None = None,
    since: Report | None = None,
    until: Report | None = None,
    **fields: Any,
) -> Finding:
    """A finding with its detail and, where a report is given, the interval in which it was seen."""
    series = series or make_series(system)
    number = next_number()
    values: dict[str, Any] = {
        "state": "open",
        "severity": 3,
        "kind": "code",
        "rule_id": "py/sql-injection",
        "title": f"SQL query built from user input {number}",
        "path": "app/views.py",
        "line": number,
        "place": f"app/views.py:{number}",
        "cwes": [89],
        "first_seen_at": timezone.now(),
        "fingerprint": hashlib.sha256(str(number).encode()).digest(),
        "content_hash": hashlib.md5(str(number).encode(), usedforsecurity=False).digest(),
    }
    finding = Finding.objects.create(
        system=series.system,
        series=series,
        stage=series.stage,
        is_preview=series.is_preview,
        **(values | fields),
    )
    FindingDetail.objects.create(
        finding=finding, description="A value of the request ends up in SQL."
    )
    if since is not None:
        Presence.objects.create(
            finding=finding, series=series, since=since, until=until, is_current=until is None
        )
    return finding


def make_arrived(
    series: Series, *, days_ago: float = 0, detected_format: str = "sarif", **fields: Any
) -> Report:
    """A processed report of a series, received so many days ago; the newest one of the series."""
    number = next_number()
    report = Report.objects.create(
        system=series.system,
        series=series,
        state="processed",
        stage=series.stage,
        tool=series.tool,
        detected_format=detected_format,
        received_at=timezone.now() - dt.timedelta(days=days_ago),
        received_by="tests",
        storage_name=f"none-{number}",
        size=2,
        sha256=f"{number:064x}",
        **fields,
    )
    series.newest_report = report
    series.save(update_fields=["newest_report"])
    return report
