"""What the outbox tells this app. Idempotent, as every handler."""

from typing import Any

from apps.scans.services.vex import vex_apply_to_report


def on_report_processed(event_id: int, payload: dict[str, Any]) -> None:  # noqa: ARG001  # handlers' signature
    vex_apply_to_report(report_id=payload["report_id"])
