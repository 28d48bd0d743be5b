"""Engagements and runs: made when a client first names them."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.rows import made
from apps.audit.services import record
from apps.catalog.models import System
from apps.common.errors import Invalid
from apps.compat.models import Engagement, ScanRun

BUILD_FIELDS = ("build_id", "commit_hash", "branch_tag")
# As long as the columns of ScanRun.
RUN_TEXTS = {"version": 100, "build_id": 150, "commit_hash": 150, "branch_tag": 150}
RUN_FIELDS = ("tags", *RUN_TEXTS)


@transaction.atomic
def engagement_ensure(*, actor: Actor, system: System, name: str) -> tuple[Engagement, bool]:
    """The engagement of that name, and whether it was made now. Raises: NotPermitted, Missing, Invalid."""
    require(actor, Permission.REPORT_UPLOAD, system, seen_by=Permission.REPORT_VIEW)
    _check("name", name, 300)
    engagement, is_new = Engagement.objects.get_or_create(system=system, name=name)
    if is_new:
        record(
            actor=actor,
            action="engagement.create",
            target=engagement,
            system_id=system.pk,
            changes=made(engagement),
        )
    return engagement, is_new


@transaction.atomic
def engagement_note_build(*, actor: Actor, engagement: Engagement, **values: str) -> Engagement:
    """Keep what a client says of its newest build. Raises: NotPermitted, Missing, Invalid."""
    require(actor, Permission.REPORT_UPLOAD, engagement, seen_by=Permission.REPORT_VIEW)
    row: Engagement = Engagement.objects.select_for_update().get(pk=engagement.pk)
    said = {name: values[name] for name in BUILD_FIELDS if name in values}
    told = {name: [getattr(row, name), value] for name, value in said.items()}
    for name, value in said.items():
        _check(name, value, 150, needed=False)
        setattr(row, name, value)
    row.save(update_fields=list(said))
    record(
        actor=actor,
        action="engagement.edit",
        target=row,
        system_id=row.system_id,
        changes=told,
    )
    return row


@transaction.atomic
def run_ensure(
    *,
    actor: Actor,
    engagement: Engagement,
    title: str,
    scan_type: str = "",
    is_of_product: bool | None = None,
    said: Mapping[str, Any] | None = None,
) -> tuple[ScanRun, bool]:
    """The run of that title, and whether it was made now.

    said: of RUN_FIELDS, what the newest scan says of itself; it takes the place of what was said before.
    is_of_product: None leaves it. Raises: NotPermitted, Missing, Invalid.
    """
    require(actor, Permission.REPORT_UPLOAD, engagement, seen_by=Permission.REPORT_VIEW)
    _check("title", title, 255)
    _check("scan_type", scan_type, 200, needed=False)
    values = _run_values(said or {})
    if is_of_product is not None:
        values["is_of_product"] = is_of_product
    run, is_new = ScanRun.objects.get_or_create(
        engagement=engagement, title=title, defaults=values | {"scan_type": scan_type}
    )
    if is_new:
        record(
            actor=actor,
            action="run.create",
            target=run,
            system_id=engagement.system_id,
            changes=made(run),
        )
        return run, True
    if scan_type and not run.scan_type:
        values["scan_type"] = scan_type
    changed = {name: value for name, value in values.items() if getattr(run, name) != value}
    if changed:
        told = {name: [getattr(run, name), value] for name, value in changed.items()}
        ScanRun.objects.filter(pk=run.pk).update(**changed)
        for name, value in changed.items():
            setattr(run, name, value)
        record(
            actor=actor,
            action="run.edit",
            target=run,
            system_id=engagement.system_id,
            changes=told,
        )
    return run, False


def _run_values(said: Mapping[str, Any]) -> dict[str, Any]:
    """Raises: Invalid."""
    for name, longest in RUN_TEXTS.items():
        _check(name, said.get(name, ""), longest, needed=False)
    for tag in said.get("tags", []):
        _check("tags", tag, 100)
    return {name: said[name] for name in RUN_FIELDS if name in said}


def _check(field: str, value: str, longest: int, *, needed: bool = True) -> None:
    if needed and not value.strip():
        raise Invalid({field: "This field may not be blank."})
    if len(value) > longest:
        raise Invalid({field: f"Ensure this field has no more than {longest} characters."})
    if not value.isprintable():
        raise Invalid({field: "Only printable characters."})
