"""What happened of a risk, for its page."""

from typing import Any

from apps.accounts.actors import Actor
from apps.evidence.incidents import IncidentFilter, incidents_list
from apps.risks.models import RiskStatement

SHOWN = 5


def happened_panel(viewer: Actor, statement: RiskStatement) -> dict[str, Any]:
    """incidents: the newest entries of the register that count."""
    wanted = IncidentFilter(statement=statement.pk)
    return {"incidents": list(incidents_list(viewer, wanted)[:SHOWN])}
