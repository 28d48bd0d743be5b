"""What the outbox tells this app. Idempotent: a report is one run of each automation."""

from typing import Any

from apps.automation.services.runs import runs_of_report


def on_report_processed(event_id: int, payload: dict[str, Any]) -> None:  # noqa: ARG001  # handlers' signature
    runs_of_report(payload["report_id"])
