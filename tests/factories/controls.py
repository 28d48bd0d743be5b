from decimal import Decimal
from typing import Any

from apps.accounts.actors import portal_actor
from apps.catalog.models import System
from apps.controls.models import Control
from apps.controls.services.controls import ControlInput, EffectInput, control_create, effect_set
from apps.risks.models import RiskStatement
from tests.factories.catalog import make_system
from tests.factories.numbers import next_number


def make_control(system: System | None = None, **fields: Any) -> Control:
    """A planned control that costs nothing; fields of ControlInput make it another."""
    said = {"name": f"Control {next_number()}", **fields}
    return control_create(
        actor=portal_actor("tests"), system=system or make_system(), content=ControlInput(**said)
    )


def make_effect(control: Control, statement: RiskStatement, **shares: str) -> None:
    """shares: `frequency="0.5 0.8 0.95"` or `loss="0.5"`, least, likely and most or all the same."""
    said: dict[str, Any] = {}
    for part, text in shares.items():
        points = [Decimal(each) for each in text.split()]
        for end, point in zip(("low", "mode", "high"), points * (3 // len(points)), strict=True):
            said[f"{part}_{end}"] = point
    effect_set(
        actor=portal_actor("tests"),
        control=control,
        statement=statement,
        content=EffectInput(**said),
    )
