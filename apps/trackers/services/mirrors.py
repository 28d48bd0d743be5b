"""Which issues become planning items: the only writer of that, and a look at what it would bring."""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.common.editing import lock_for_edit
from apps.common.errors import Conflict, EditConflict, Invalid
from apps.planning.models import ItemKind, PlanningItem
from apps.trackers import dispatch
from apps.trackers.clients.registry import CLIENTS
from apps.trackers.models import Mirror, MirroredIssue, MirrorRoute, Tracker
from apps.trackers.services.lines import line_of, went_well
from apps.trackers.services.mirroring import fates_of, reference_to
from apps.trackers.services.telling import tellings_stop
from apps.trackers.services.words import words_of

MOST_ROUTES = 50
MOST_LABELS = 10
TRIED = 20  # issues of a trial
TRIED_PAGES = 2


@dataclass(frozen=True)
class Trial:
    """An issue, and what a run would do with it: a new item of a system, one that is there, or nothing."""

    key: str
    url: str
    title: str
    system: System | None
    item: PlanningItem | None
    why_not: str


@dataclass(frozen=True)
class Trials:
    rows: list[Trial]
    mirrored: int  # issues of these pages that are mirrored already
    has_more: bool


@transaction.atomic
def mirror_save(*, actor: Actor, tracker: Tracker, version: int | None, **said: object) -> Mirror:
    """Say which issues become planning items. said: as `_filled` takes it.

    Another rule reads all open issues that it finds once more; what is mirrored stays.
    Raises: NotPermitted, Invalid, EditConflict.
    """
    require(actor, Permission.TRACKER_MANAGE)
    lock_for_edit(Tracker, tracker.pk, None)
    row = Mirror.objects.select_for_update().filter(tracker=tracker).first()
    is_first = row is None
    row = row or Mirror(tracker=tracker)
    if version is not None and version != row.version:
        raise EditConflict(
            "Somebody else changed this since you read it. Read it again and repeat your change.",
            current_version=row.version,
        )
    before, read_anew = ({} if is_first else _told(row)), row.rule
    routes = _filled(row, **said)  # type: ignore[arg-type]
    if row.rule != read_anew:
        row.seen_until = None
    row.version += 1
    row.last_error, row.next_run_at = "", timezone.now()  # whoever mended it waits for nothing
    row.save()
    row.routes.all().delete()
    MirrorRoute.objects.bulk_create(
        MirrorRoute(mirror=row, label=label, system=system) for label, system in routes.items()
    )
    after = _told(row)
    record(
        actor=actor,
        action="tracker.mirror",
        target=tracker,
        changes={
            name: [before.get(name), after[name]]
            for name in after
            if before.get(name) != after[name]
        },
    )
    if before.get("tells_decisions") and not row.tells_decisions:
        tellings_stop(tracker.pk)
    if row.is_on:
        transaction.on_commit(dispatch.mirror_issues)
    return row


@transaction.atomic
def mirror_run_now(*, actor: Actor, tracker: Tracker) -> None:
    """Have it read at once. Raises: NotPermitted, Conflict (it is off, or the tracker rests)."""
    require(actor, Permission.TRACKER_MANAGE)
    row = (
        Mirror.objects.select_for_update(of=("self",))
        .select_related("tracker")
        .filter(tracker=tracker)
        .first()
    )
    if row is None or not row.is_on:
        raise Conflict("The mirror is off.")
    if row.tracker.is_paused:
        raise Conflict("The tracker is paused.")
    told = {"next_run_at": [row.next_run_at, timezone.now()]}
    row.next_run_at = told["next_run_at"][1]
    row.save(update_fields=["next_run_at"])
    record(actor=actor, action="tracker.mirror_run", target=tracker, changes=told)
    transaction.on_commit(dispatch.mirror_issues)


def mirror_try(*, actor: Actor, tracker: Tracker, **said: object) -> Trials:
    """What a first run would do with the issues that the rule finds now. Nothing is written.

    Raises: NotPermitted, Invalid, OutgoingFailed, Conflict (no key opens the token).
    """
    require(actor, Permission.TRACKER_MANAGE)
    mirror = Mirror(tracker=tracker)
    given = _filled(mirror, **said | {"is_on": True})  # type: ignore[arg-type]
    routes = [MirrorRoute(label=label, system=system) for label, system in given.items()]
    record(actor=actor, action="tracker.mirror_try", target=tracker, changes={"rule": mirror.rule})
    found, mirrored, read = list[Trial](), 0, 0
    pages = CLIENTS[tracker.kind].changed(line_of(tracker), None, mirror.rule, most=TRIED_PAGES)
    for page in itertools.islice(pages, TRIED_PAGES):
        read += 1
        fates = fates_of(mirror, routes, page)
        ids = [one.id for one in page]
        mirrored += MirroredIssue.objects.filter(tracker=tracker, external_id__in=ids).count()
        found += [
            Trial(
                reference_to(one),
                one.url,
                words_of(one).title,
                fate.system,
                fate.item,
                fate.why_not,
            )
            for one, fate in fates
        ]
        if len(found) > TRIED:
            break
    went_well(tracker.pk)
    return Trials(found[:TRIED], mirrored, len(found) > TRIED or read == TRIED_PAGES)


def _filled(
    row: Mirror,
    *,
    is_on: bool,
    rule: str,
    system: System | None,
    routes: Mapping[str, System],
    kind: str,
    stage: str,
    tells_decisions: bool = False,
) -> dict[str, System]:
    """The routes, tidied. Raises: Invalid, with each field that cannot be."""
    rule = " ".join(rule.split())
    problems = _problems_of_rule(row.tracker, rule, is_on=is_on)
    if row.tracker.system_id is not None:
        wrong = {each.key for each in (*routes.values(), system) if each} - {
            row.tracker.system.key if row.tracker.system else ""
        }
        if wrong:
            problems["system"] = "The tracker serves another system only."
    if is_on and system is None and not routes:
        problems["system"] = "Give a system, or say by label which one."
    labels = {label.strip().lower() for label in routes}
    fit = all(0 < len(label) <= 100 and label.isprintable() for label in labels)
    if len(routes) > MOST_ROUTES or not fit or len(labels) != len(routes):
        problems["routes"] = "At most 50 labels, each once and of at most 100 characters."
    if kind not in ItemKind.values:
        problems["kind"] = f"Choose one of {', '.join(ItemKind.values)}."
    if stage not in Stage.values:
        problems["stage"] = f"Choose one of {', '.join(Stage.values)}."
    if problems:
        raise Invalid(problems)
    row.tells_decisions = tells_decisions
    row.is_on, row.rule, row.system, row.kind, row.stage = is_on, rule, system, kind, stage
    return {label.strip(): each for label, each in routes.items()}


def _problems_of_rule(tracker: Tracker, rule: str, *, is_on: bool) -> dict[str, str]:
    if not rule:
        return {"rule": "Say which issues: all of them would be too many."} if is_on else {}
    if len(rule) > 1000 or not rule.isprintable():
        return {"rule": "At most 1000 printable characters."}
    if tracker.kind.startswith("jira"):
        if re.search(r"\border\s+by\b", rule, re.IGNORECASE):
            return {"rule": "Leave out ORDER BY: they are read in the order of their changes."}
        return {}
    labels = [label.strip() for label in rule.split(",")]
    if not all(labels) or len(labels) > MOST_LABELS:
        return {"rule": "Give one to 10 labels, parted by commas."}
    return {}


def _told(row: Mirror) -> dict[str, object]:
    return {
        "on": row.is_on,
        "rule": row.rule,
        "system": row.system.key if row.system else None,
        "kind": row.kind,
        "tells_decisions": row.tells_decisions,
        "stage": row.stage,
        "routes": {each.label: each.system.key for each in row.routes.select_related("system")},
    }
