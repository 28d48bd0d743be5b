from typing import Any

from apps.accounts.actors import portal_actor
from apps.automation.models import Automation
from apps.automation.services.register import AutomationInput, automation_create
from apps.catalog.models import System
from tests.factories.catalog import make_system
from tests.factories.numbers import next_number


def make_automation(system: System | None = None, **fields: Any) -> Automation:
    """A declared test; fields of AutomationInput make it something else."""
    said = {"kind": "test", "stage": "test", "name": f"Security tests {next_number()}", **fields}
    return automation_create(
        actor=portal_actor("tests"),
        system=system or make_system(),
        content=AutomationInput(**said),
    )
