"""What the outbox tells this app. Idempotent, as every handler."""

from typing import Any

from apps.common import events
from apps.scans.services.owners import owners_apply, owners_apply_to_report
from apps.scans.services.rules import rules_apply_to_report
from apps.scans.services.vex import vex_apply_to_report


def on_report_processed(event_id: int, payload: dict[str, Any]) -> None:  # noqa: ARG001  # handlers' signature
    """Documents first, then the list of owners, then rules, which may ask for who owns a finding.

    A rule that says another owner has the last word all the same. Others go on from there: a rule of
    theirs may ask for a tag or an owner that only now is known.
    """
    report_id = payload["report_id"]
    vex_apply_to_report(report_id=report_id)
    owners_apply_to_report(report_id=report_id)
    rules_apply_to_report(report_id=report_id)
    events.append("report.sorted", {"report_id": report_id})


def on_owners_changed(event_id: int, payload: dict[str, Any]) -> None:  # noqa: ARG001
    owners_apply(system_id=payload["system_id"])
