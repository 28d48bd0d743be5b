"""The only writers of controls. What is in place moves the value of the risks it covers at once."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.models import Team
from apps.accounts.places import unplaced
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.catalog.models import System
from apps.common.editing import changed_fields, lock_for_edit
from apps.common.errors import Conflict, Invalid
from apps.controls.models import Control, ControlEffect, ControlStatus
from apps.guidance.models import Guidance
from apps.removals.kinds import Kind
from apps.removals.models import Removal
from apps.removals.services import removal_make
from apps.risks.models import LARGEST, RiskStatement
from apps.risks.services.credits import Credit
from apps.risks.services.statements import statement_credit

MOST_ON_A_RISK = 32  # what the engine values together (apps/risks/quant/controls.py)
MOST_COVERED = 50
PARTS = ("frequency", "loss")
ENDS = ("low", "mode", "high")


@dataclass(frozen=True)
class ControlInput:
    """What a person or a caller says of a control; the model says what each field means."""

    name: str
    status: str = ControlStatus.PLANNED
    description: str = ""
    owner: Team | None = None
    guidance: Guidance | None = None
    cost_once: Decimal = Decimal(0)
    years: Decimal = Decimal(3)
    cost_yearly_low: Decimal = Decimal(0)
    cost_yearly_high: Decimal = Decimal(0)


@dataclass(frozen=True)
class EffectInput:
    """Shares, 0 to 1, that it takes away of a risk's frequency and of its loss: least, likely, most."""

    frequency_low: Decimal = Decimal(0)
    frequency_mode: Decimal = Decimal(0)
    frequency_high: Decimal = Decimal(0)
    loss_low: Decimal = Decimal(0)
    loss_mode: Decimal = Decimal(0)
    loss_high: Decimal = Decimal(0)
    rationale: str = ""


@transaction.atomic
def control_create(*, actor: Actor, system: System, content: ControlInput) -> Control:
    """Raises: Missing, NotPermitted, Invalid."""
    require(actor, Permission.STATEMENT_EDIT, system)
    _check(content)
    row = Control.objects.create(system=system, created_by=actor.user, **vars(content))
    told = {"name": row.name, "status": row.status}
    record(actor=actor, action="control.create", target=row, system_id=system.pk, changes=told)
    return row


@transaction.atomic
def control_edit(
    *, actor: Actor, control: Control, version: int | None, content: ControlInput
) -> Control:
    """Raises: Missing, NotPermitted, Invalid, EditConflict."""
    require(actor, Permission.STATEMENT_EDIT, control)
    _check(content)
    row = lock_for_edit(Control, control.pk, version, "owner", "guidance")
    changes = changed_fields(
        row, {each.name: getattr(content, each.name) for each in fields(content)}
    )
    row.save()
    told = {name: [str(old), str(new)] for name, (old, new) in changes.items()}
    record(actor=actor, action="control.edit", target=row, system_id=row.system_id, changes=told)
    if "status" in changes:
        _credit(actor, _covered(row), _status_note(row))
    return row


@transaction.atomic
def control_set_status(*, actor: Actor, control: Control, status: str) -> Control:
    """Say where a control stands; the risks it covers are valued anew. Raises: NotPermitted, Invalid."""
    require(actor, Permission.STATEMENT_EDIT, control)
    row = lock_for_edit(Control, control.pk, None)
    content = {each.name: getattr(row, each.name) for each in fields(ControlInput)}
    return control_edit(
        actor=actor, control=row, version=None, content=ControlInput(**content | {"status": status})
    )


@transaction.atomic
def effect_set(
    *, actor: Actor, control: Control, statement: RiskStatement, content: EffectInput
) -> ControlEffect:
    """Say what a control does to a risk of the same system. Raises: NotPermitted, Invalid, Conflict."""
    require(actor, Permission.STATEMENT_EDIT, control)
    row = Control.objects.select_for_update(of=("self",)).get(pk=control.pk)
    _check_effect(row, statement, content)
    effect, _made = ControlEffect.objects.update_or_create(
        control=row, statement=statement, defaults=vars(content)
    )
    record(
        actor=actor,
        action="control.effect",
        target=row,
        system_id=row.system_id,
        changes={statement.key: {"frequency": effect.frequency, "loss": effect.loss}},
    )
    told = f"What {row.key} {row.name} does to it was judged anew."
    _credit(actor, [statement.pk], told)
    return effect


@transaction.atomic
def effect_remove(*, actor: Actor, effect: ControlEffect) -> Removal:
    """It no longer covers the risk; that can be put back. Raises: NotPermitted, Missing."""
    require(actor, Permission.STATEMENT_EDIT, effect)
    control, statement = effect.control, effect.statement
    removal = removal_make(
        actor=actor,
        kind=EFFECT.name,
        row=effect,
        label=f"{control.key}: {statement.key}",
        system_id=control.system_id,
    )
    record(
        actor=actor,
        action="control.effect",
        target=control,
        system_id=control.system_id,
        changes={statement.key: None},
    )
    told = f"{control.key} {control.name} does not cover it."
    _credit(actor, [statement.pk], told)
    return removal


def _effect_returned(actor: Actor, effect: ControlEffect) -> None:
    """Raises: Conflict where the statement ended meanwhile, Invalid where there are too many by now."""
    control, statement = effect.control, effect.statement
    content = EffectInput(**{each.name: getattr(effect, each.name) for each in fields(EffectInput)})
    _check_effect(control, statement, content)
    _credit(actor, [statement.pk], f"{control.key} {control.name} covers it again.")


EFFECT = Kind(
    name="control_effect",
    label=_("What a control does to a risk"),
    icon="shield-check",
    permission=Permission.STATEMENT_EDIT,
    taken="What this control does to the risk was said anew meanwhile; that holds.",
    page=lambda effect: reverse("control-detail", args=[effect.control_id]),
    returned=_effect_returned,
)


def credits_refresh(*, actor: Actor, statement_id: int) -> None:
    """Take off a risk what is in place now, for one that was out of sight while that changed."""
    _credit(actor, [statement_id], "The controls in place changed meanwhile.")


@unplaced()
def _status_note(control: Control) -> str:
    """Notes of revisions are kept in one language, and said in the reader's (apps/common/said.py)."""
    return f"{control.key} {control.name}: {control.get_status_display()}."


def _covered(control: Control) -> list[int]:
    """Locks in one order, whoever comes first."""
    return list(control.effects.order_by("statement_id").values_list("statement_id", flat=True))


def _credit(actor: Actor, statements: Iterable[int], note: str) -> None:
    for statement in RiskStatement.objects.filter(pk__in=list(statements)).order_by("pk"):
        statement_credit(
            actor=actor, statement=statement, controls=_in_place(statement.pk), note=note
        )


def _in_place(statement_id: int) -> list[Credit]:
    effects = ControlEffect.objects.filter(
        statement=statement_id, control__status=ControlStatus.IN_PLACE
    )
    return [credit_of(each) for each in effects.select_related("control").order_by("control")]


def credit_of(effect: ControlEffect) -> dict[str, Any]:
    """An effect as a statement holds it (apps/risks/services/credits.py)."""
    control = effect.control
    return {
        "control": control.key,
        "name": control.name,
        "frequency": effect.frequency,
        "loss": effect.loss,
    }


def _check(content: ControlInput) -> None:
    problems = {}
    if not content.name.strip():
        problems["name"] = "Give it a name."
    if content.status not in ControlStatus.values:
        problems["status"] = f"Say one of: {', '.join(ControlStatus.values)}."
    for name in ("cost_once", "cost_yearly_low", "cost_yearly_high"):
        amount: Decimal = getattr(content, name)
        if not (amount.is_finite() and 0 <= amount <= LARGEST):
            problems[name] = f"Between 0 and {LARGEST:,}."
    if not problems and content.cost_yearly_high < content.cost_yearly_low:
        problems["cost_yearly_high"] = "The high end must not be below the low end."
    if not (content.years.is_finite() and 1 <= content.years <= 100):
        problems["years"] = "Between 1 and 100 years."
    if problems:
        raise Invalid(problems)


def _check_effect(control: Control, statement: RiskStatement, content: EffectInput) -> None:
    if statement.system_id != control.system_id:
        raise Invalid({"statement": "Name a risk of the control's own system."})
    if statement.is_ended:
        raise Conflict("What was withdrawn or superseded is kept as it was.")
    problems: dict[str, str] = {}
    for part in PARTS:
        problems |= _share_problems(part, [getattr(content, f"{part}_{end}") for end in ENDS])
    if problems:
        raise Invalid(problems)
    others = ControlEffect.objects.exclude(control=control, statement=statement)
    if others.filter(statement=statement).count() >= MOST_ON_A_RISK:
        raise Invalid({"statement": f"A risk has at most {MOST_ON_A_RISK} controls."})
    if others.filter(control=control).count() >= MOST_COVERED:
        raise Invalid({"statement": f"A control covers at most {MOST_COVERED} risks."})


def _share_problems(part: str, ends: list[Decimal]) -> dict[str, str]:
    for end, share in zip(ENDS, ends, strict=True):
        if not (share.is_finite() and 0 <= share <= 1):
            return {f"{part}_{end}": "A share lies between 0 and 100 %."}
    low, mode, high = ends
    if mode < low:
        return {f"{part}_mode": "The most likely share must not be below the least."}
    if high < mode:
        return {f"{part}_high": "The most must not be below the most likely."}
    return {}
