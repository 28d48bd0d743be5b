"""How services reach tasks: by name, so that there is no cycle."""

from apps.common.dispatch import send


def ingest(report_id: int) -> bool:
    return send("scans.ingest", report_id)


def triage(triage_id: int) -> bool:
    return send("scans.triage", triage_id)
