"""The demo's controls: what they cost, where they stand, and what they take away of which risk."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from apps.accounts.models import Team
from apps.advice.demo.files import Record
from apps.advice.demo.organisation import Organisation
from apps.controls.models import Control
from apps.controls.services.controls import (
    ENDS,
    PARTS,
    ControlInput,
    EffectInput,
    control_create,
    effect_set,
)
from apps.guidance.models import Guidance
from apps.risks.models import RiskStatement, StatementState


def controls_load(
    organisation: Organisation, library: Mapping[str, Guidance], records: Sequence[Record]
) -> list[Control]:
    return [_load(organisation, library, record) for record in records]


def _load(organisation: Organisation, library: Mapping[str, Guidance], record: Record) -> Control:
    actor, yearly = organisation.actor(record["by"]), record["cost_yearly"]
    content = ControlInput(
        name=record["name"],
        status=record["status"],
        description=record["description"],
        owner=Team.objects.get(key=record["owner"]),
        guidance=library[record["guidance"]] if "guidance" in record else None,
        cost_once=Decimal(record.get("cost_once", 0)),
        years=Decimal(record.get("years", 3)),
        cost_yearly_low=Decimal(yearly["low"]),
        cost_yearly_high=Decimal(yearly["high"]),
    )
    system = organisation.systems[record["system"]]
    made = control_create(actor=actor, system=system, content=content)
    for covered in record["covers"]:
        statement = RiskStatement.objects.get(
            item__title=covered["item"],
            option__title=covered["on"],
            state=StatementState.PUBLISHED,
        )
        effect_set(actor=actor, control=made, statement=statement, content=_effect(covered))
    return made


def _effect(covered: Record) -> EffectInput:
    shares: dict[str, Any] = {
        f"{part}_{end}": Decimal(share)
        for part in PARTS
        for end, share in zip(ENDS, covered.get(part, "000"), strict=True)
    }
    return EffectInput(**shares, rationale=covered["rationale"])
