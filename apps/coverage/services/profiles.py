"""The only writers of what is expected."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.rows import gone
from apps.audit.services import record
from apps.catalog.models import Criticality, System
from apps.catalog.stages import Stage
from apps.common.editing import lock_for_edit
from apps.common.errors import EditConflict, Invalid
from apps.coverage.kinds import EvidenceKind, plain_name
from apps.coverage.models import Expectation, Profile, SystemExpectation, ToolKind
from apps.coverage.picture import Line
from apps.coverage.selectors import profiles
from apps.removals.kinds import Kind
from apps.removals.models import Removal
from apps.removals.services import removal_make

OLDEST = 3650  # days
LONGEST_REASON = 500
LONGEST_TOOL = 120


def profile_set(*, actor: Actor, criticality: int, lines: Sequence[Line], version: int) -> Profile:
    """Say anew what is expected of systems of this criticality; no line at all expects nothing.

    version: of the profile that was read; 0 where it was the portal's own.
    Raises: NotPermitted, Invalid, EditConflict.
    """
    require(actor, Permission.COVERAGE_MANAGE)
    _check(criticality, lines)
    before = {_name(line): line.max_age_days for line in profiles()[criticality].lines}
    try:
        with transaction.atomic():
            return _profile_write(actor, Criticality(criticality), lines, version, before)
    except IntegrityError:
        raise _conflict(criticality) from None


def _profile_write(
    actor: Actor,
    criticality: Criticality,
    lines: Sequence[Line],
    version: int,
    before: dict[str, int],
) -> Profile:
    row = Profile.objects.filter(criticality=criticality).first()
    if (row is None) != (version == 0):
        raise _conflict(criticality)
    if row is None:
        row = Profile.objects.create(criticality=criticality)
    else:
        row = lock_for_edit(Profile, row.pk, version)
        row.save()
        row.expectations.all().delete()
    Expectation.objects.bulk_create(
        Expectation(
            profile=row,
            stage=line.stage,
            kind=line.kind,
            max_age_days=line.max_age_days,
            guidance=line.guidance,
        )
        for line in lines
    )
    after = {_name(line): line.max_age_days for line in lines}
    changes = {
        name: [before.get(name), after.get(name)]
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
    record(actor=actor, action="coverage.profile", target=row, changes=changes)
    return row


@transaction.atomic
def profile_reset(*, actor: Actor, criticality: int) -> Removal | None:
    """Back to the portal's own; what was said can be put back. Raises: NotPermitted."""
    require(actor, Permission.COVERAGE_MANAGE)
    row = Profile.objects.select_for_update().filter(criticality=criticality).first()
    if row is None:
        return None
    record(actor=actor, action="coverage.profile_reset", target=row, changes=gone(row))
    return removal_make(actor=actor, kind=PROFILE.name, row=row)


@transaction.atomic
def exception_set(
    *,
    actor: Actor,
    system: System,
    stage: str,
    kind: str,
    max_age_days: int | None,
    reason: str,
) -> SystemExpectation:
    """Say what this system does otherwise than its profile. max_age_days None: not expected here.

    Raises: Missing, NotPermitted, Invalid.
    """
    require(actor, Permission.COVERAGE_MANAGE, system)
    problems = {**_place_problems(stage, kind), **_age_problem(max_age_days)}
    reason = reason.strip()
    if not reason:
        problems["reason"] = "Say why this system differs: whoever reads the gap will ask."
    elif len(reason) > LONGEST_REASON:
        problems["reason"] = f"At most {LONGEST_REASON} characters."
    if problems:
        raise Invalid(problems)
    row, _ = SystemExpectation.objects.update_or_create(
        system=system,
        stage=stage,
        kind=kind,
        defaults={"max_age_days": max_age_days, "reason": reason, "set_by": actor.user},
    )
    told = {"stage": stage, "kind": kind, "max_age_days": max_age_days, "reason": reason}
    record(actor=actor, action="coverage.exception", target=row, system_id=system.pk, changes=told)
    return row


@transaction.atomic
def exception_remove(*, actor: Actor, row: SystemExpectation) -> Removal:
    """As the profile says again; it can be put back. Raises: Missing, NotPermitted."""
    require(actor, Permission.COVERAGE_MANAGE, row)
    record(
        actor=actor,
        action="coverage.exception_remove",
        target=row,
        system_id=row.system_id,
        changes={"stage": row.stage, "kind": row.kind, "max_age_days": row.max_age_days},
    )
    return removal_make(actor=actor, kind=EXCEPTION.name, row=row, system_id=row.system_id)


@transaction.atomic
def tool_kind_set(*, actor: Actor, tool: str, kind: str) -> ToolKind:
    """Say what a tool's reports count as, everywhere. Raises: NotPermitted, Invalid."""
    require(actor, Permission.COVERAGE_MANAGE)
    name = plain_name(tool)
    problems = {}
    if not name or len(tool) > LONGEST_TOOL:
        problems["tool"] = "Name a tool, as its reports do."
    if kind not in EvidenceKind.values:
        problems["kind"] = _one_of(EvidenceKind.values)
    if problems:
        raise Invalid(problems)
    row, _ = ToolKind.objects.update_or_create(
        name=name, defaults={"tool": tool.strip(), "kind": kind}
    )
    record(
        actor=actor, action="coverage.tool", target=row, changes={"tool": row.tool, "kind": kind}
    )
    return row


def _check(criticality: int, lines: Sequence[Line]) -> None:
    problems: dict[str, str] = {}
    if criticality not in Criticality.values:
        problems["criticality"] = _one_of([str(each) for each in Criticality.values])
    seen = set()
    for line in lines:
        problems |= {**_place_problems(line.stage, line.kind), **_age_problem(line.max_age_days)}
        if (line.stage, line.kind) in seen:
            problems["kind"] = f"{line.kind} stands twice at {line.stage}."
        seen.add((line.stage, line.kind))
    if problems:
        raise Invalid(problems)


def _place_problems(stage: str, kind: str) -> dict[str, str]:
    problems = {}
    if stage not in Stage.values:
        problems["stage"] = _one_of(Stage.values)
    if kind not in EvidenceKind.values or kind == EvidenceKind.OTHER:
        problems["kind"] = _one_of([each for each in EvidenceKind.values if each != "other"])
    return problems


def _age_problem(days: int | None) -> dict[str, str]:
    if days is None or 1 <= days <= OLDEST:
        return {}
    return {"max_age_days": f"Between 1 and {OLDEST} days."}


def _one_of(values: Sequence[str]) -> str:
    return f"Say one of: {', '.join(values)}."


def _name(line: Line) -> str:
    return f"{line.stage}: {line.kind}"


def _conflict(criticality: int) -> EditConflict:
    row = Profile.objects.filter(criticality=criticality).first()
    return EditConflict(
        "Somebody else changed this since you read it. Read it again and repeat your change.",
        current_version=row.version if row else 0,
    )


EXCEPTION = Kind(
    name="coverage_exception",
    label=_("Coverage exception"),
    icon="radar",
    permission=Permission.COVERAGE_MANAGE,
    taken="Something else is said of this kind of evidence there by now; take that away first.",
    page=lambda row: f"{reverse('system-coverage', args=[row.system.key])}#exceptions",
)
PROFILE = Kind(
    name="coverage_profile",
    label=_("Coverage profile"),
    icon="radar",
    permission=Permission.COVERAGE_MANAGE,
    taken="What is expected of these systems was said anew meanwhile; that holds.",
    page=lambda row: reverse("coverage-profile", args=[Criticality(row.criticality).name.lower()]),
)
