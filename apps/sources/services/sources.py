"""Sources: made, edited, paused, run by hand."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.rows import gone
from apps.audit.services import record
from apps.catalog.models import System
from apps.common.editing import changed_fields, lock_for_edit
from apps.common.errors import Conflict, Invalid
from apps.common.outgoing import OutgoingFailed, Policy
from apps.removals.kinds import Kind
from apps.removals.models import Removal
from apps.removals.services import removal_make
from apps.scans.services.receive import Claim
from apps.sources import dispatch, schedule
from apps.sources.connectors.fields import read_config
from apps.sources.connectors.types import Connector
from apps.sources.models import UNFINISHED, Credential, Pulled, Source, SourceRun, Trigger
from apps.sources.registry import registry

SHORTEST, LONGEST = 5, 60 * 24 * 31  # minutes
CLAIMED = ("stage", "tool", "category", "branch", "environment", "format")


@dataclass(frozen=True)
class SourceInput:
    """What a person says of a source. Neither interval nor crontab: it runs by hand only."""

    name: str
    connector: str
    config: Mapping[str, Any] = field(default_factory=dict)
    credential: Credential | None = None
    stage: str = ""
    tool: str = ""
    category: str = ""
    branch: str = ""
    environment: str = ""
    format: str = ""
    interval_minutes: int | None = None
    crontab: str = ""


def source_create(*, actor: Actor, system: System, content: SourceInput) -> Source:
    """A source whose first run is due at once, if it has a schedule.

    Raises: NotPermitted, Missing, Invalid.
    """
    require(actor, Permission.SOURCE_MANAGE, system)
    config = _checked(system, content)
    source = Source(system=system, made_by=actor.user, **_columns(content, config))
    if source.is_scheduled:
        source.next_run_at = timezone.now()
    try:
        with transaction.atomic():
            source.save()
            record(
                actor=actor,
                action="source.create",
                target=source,
                system_id=system.pk,
                changes={"connector": content.connector, "config": config},
            )
    except IntegrityError:
        raise Invalid({"name": "This system has a source of this name already."}) from None
    return source


def source_edit(
    *, actor: Actor, source: Source, version: int | None, content: SourceInput
) -> Source:
    """Say it anew. Another place (connector or configuration) is read from its beginning.

    Raises: NotPermitted, Invalid, EditConflict.
    """
    require(actor, Permission.SOURCE_MANAGE, source)
    config = _checked(source.system, content)
    try:
        with transaction.atomic():
            row = lock_for_edit(Source, source.pk, version, "system")
            changes = changed_fields(row, _columns(content, config))
            if {"connector", "config"} & set(changes):
                row.cursor, row.last_sha256 = {}, ""
                # What was taken may be asked for again: its key gives the report that is there.
                Pulled.objects.filter(source=row).update(key_hash=None)
            _mended(row)
            row.save()
            told = {name: [str(before), str(after)] for name, (before, after) in changes.items()}
            record(
                actor=actor,
                action="source.edit",
                target=row,
                system_id=row.system_id,
                changes=told,
            )
    except IntegrityError:
        raise Invalid({"name": "This system has a source of this name already."}) from None
    return row


@transaction.atomic
def source_pause(*, actor: Actor, source: Source, is_paused: bool) -> Source:
    """No run begins while it is paused; one that is under way ends. Let go on, it runs at once."""
    require(actor, Permission.SOURCE_MANAGE, source)
    row = lock_for_edit(Source, source.pk, None, "system")
    if row.is_paused != is_paused:
        row.is_paused = is_paused
        if not is_paused:
            _mended(row)
        row.save()
        record(
            actor=actor,
            action="source.pause" if is_paused else "source.resume",
            target=row,
            system_id=row.system_id,
            changes={"is_paused": [not is_paused, is_paused]},
        )
    return row


@transaction.atomic
def source_delete(*, actor: Actor, source: Source) -> Removal:
    """Take a source away; its reports stay. It can be put back with what it knows."""
    require(actor, Permission.SOURCE_MANAGE, source)
    record(
        actor=actor,
        action="source.delete",
        target=source,
        system_id=source.system_id,
        changes=gone(source),
    )
    return removal_make(actor=actor, kind=SOURCE.name, row=source, system_id=source.system_id)


def source_run_now(*, actor: Actor, source: Source) -> SourceRun:
    """Have it run at once, also when it is broken. Raises: Conflict while one runs or it is paused."""
    require(actor, Permission.SOURCE_MANAGE, source)
    try:
        with transaction.atomic():
            row = Source.objects.select_for_update(of=("self",)).get(pk=source.pk)
            if row.is_paused:
                raise Conflict("It is paused; let it go on first.")
            run = SourceRun.objects.create(
                source=row,
                trigger=Trigger.HAND,
                asked_by=actor.label[:200],
                next_send_at=timezone.now() + dt.timedelta(seconds=settings.SECOPS_SWEEP_SECONDS),
            )
            Source.objects.filter(pk=row.pk).update(next_run_at=None)
            record(
                actor=actor,
                action="source.run",
                target=row,
                system_id=row.system_id,
                changes={"run": [None, run.uid]},
            )
            transaction.on_commit(lambda: dispatch.pull(run.pk))
    except IntegrityError:
        raise Conflict("A run of it is under way; one at a time.") from None
    return run


def _columns(content: SourceInput, config: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in asdict(content).items() if name != "credential"}
    return {
        **values,
        "name": content.name.strip(),
        "crontab": content.crontab.strip(),
        "config": dict(config),
        "credential": content.credential,
    }


def _mended(row: Source) -> None:
    """Whoever changed or resumed it wants to see whether it works: the breaker closes, it is due."""
    row.failures = 0
    row.broken_since = None
    row.last_error = row.last_error_code = ""
    busy = SourceRun.objects.filter(source=row, state__in=UNFINISHED).exists()
    row.next_run_at = timezone.now() if row.is_scheduled and not busy else None


def _checked(system: System, content: SourceInput) -> dict[str, Any]:
    """The configuration as it is kept. Raises: Invalid, with every problem there is."""
    problems: dict[str, str] = _schedule_problems(content)
    name = content.name.strip()
    if not name or len(name) > 120 or not name.isprintable():
        problems["name"] = "Give a name of at most 120 characters."
    try:
        Claim(**{name: getattr(content, name) for name in CLAIMED}).check()
    except Invalid as error:
        problems |= {name: " ".join(texts) for name, texts in error.fields.items()}
    connector = registry().get(content.connector)
    if connector is None:
        known = ", ".join(sorted(registry().connectors))
        problems["connector"] = f"There is no such connector. Known: {known}."
        raise Invalid(problems)
    config, wrong = read_config(connector.fields, content.config)
    if not wrong:
        wrong = connector.check(config)
    problems |= {f"config.{field}": text for field, text in wrong.items()}
    if not wrong:
        problems |= _way_problems(system, connector, config, content.credential)
    if problems:
        raise Invalid(problems)
    return config


def _schedule_problems(content: SourceInput) -> dict[str, str]:
    minutes, rule = content.interval_minutes, content.crontab.strip()
    if minutes is not None and rule:
        return {"crontab": "Give an interval or a crontab, not both."}
    if minutes is not None and not SHORTEST <= minutes <= LONGEST:
        return {"interval_minutes": f"From {SHORTEST} minutes to 31 days ({LONGEST} minutes)."}
    if rule:
        if len(rule) > 120:
            return {"crontab": "At most 120 characters."}
        try:
            schedule.read_crontab(rule)
        except ValueError as error:
            return {"crontab": str(error)}
    return {}


def _way_problems(
    system: System, connector: Connector, config: Mapping[str, Any], credential: Credential | None
) -> dict[str, str]:
    """Whether requests may go there, and the credential with them."""
    origin = ""
    if address := connector.address(config):
        try:
            origin = Policy.from_settings().check_url(address).origin
        except OutgoingFailed as error:
            return {"config.url": error.message}
    problem = _credential_problem(system, connector, origin, credential)
    return {"credential": problem} if problem else {}


def _credential_problem(
    system: System, connector: Connector, origin: str, credential: Credential | None
) -> str:
    """A sentence, or nothing where it will do."""
    if credential is None:
        return "It asks for a credential." if connector.needs_credential else ""
    if credential.system_id != system.pk:
        return "There is no such credential that you may use."
    if credential.kind not in connector.credentials:
        usable = ", ".join(sorted(connector.credentials))
        return f"{connector.name} uses {usable or 'no credential'}."
    if credential.origin != origin:
        return f"It was made for {credential.origin}, and this is {origin}."
    return ""


SOURCE = Kind(
    name="source",
    label=_("Source"),
    icon="plug",
    permission=Permission.SOURCE_MANAGE,
    taken="The system has another source of that name by now; give that one another name first.",
    page=lambda source: reverse("source-detail", args=[source.pk]),
)
