"""Reading the issues that become planning items: page by page, each in a transaction with its cursor.

A run that dies, or that two workers do at once, makes no item twice: pages are taken in under the lock
of their mirror, and an issue's own number in the tracker is there once.
"""

import datetime as dt
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.catalog.models import System
from apps.common.errors import Conflict
from apps.common.holds import MIRRORS
from apps.common.outgoing import OutgoingFailed
from apps.planning.models import PlanningItem
from apps.planning.references import LONGEST_KEY, LONGEST_URL, reference_of
from apps.planning.services.items import item_create
from apps.trackers.clients.registry import CLIENTS
from apps.trackers.clients.types import Seen
from apps.trackers.models import Mirror, MirroredIssue, MirrorRoute, Ticket, Tracker
from apps.trackers.services.lines import is_refused, line_of, went_well, went_wrong
from apps.trackers.services.mirrored import issues_follow
from apps.trackers.services.words import words_of

EVERY = dt.timedelta(minutes=5)  # also the lease, were a worker to die
RUN_SECONDS = 180.0  # then a run ends, and the next one goes on from its cursor
MOST_NEW = 500  # items that one run makes
SOON = dt.timedelta(seconds=30)  # until a run goes on that ended with work left
REFUSED_WAIT = dt.timedelta(hours=1)  # a rule that the tracker does not take waits for a person
CLOCKS_DIFFER = dt.timedelta(hours=1)
_OWN = re.compile(r"\bsecops-[0-9a-f]{32}\b")  # the marker of a ticket


@dataclass
class Tally:
    new: int = 0
    followed: int = 0
    left_out: int = 0


@dataclass(frozen=True)
class Fate:
    """What becomes of an issue that is not mirrored yet. Exactly one of the three is there."""

    system: System | None = None
    item: PlanningItem | None = None  # somebody referred to the issue before: it becomes this one
    why_not: str = ""


def mirror_due() -> int:
    """Several workers may run this at once. Returns how many mirrors were read."""
    done = 0
    while (mirror := _claim()) is not None:
        _run(mirror)
        done += 1
    return done


@transaction.atomic
def _claim() -> Mirror | None:
    now = timezone.now()
    mirror = (
        Mirror.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("tracker")
        .filter(is_on=True, next_run_at__lte=now)
        .filter(tracker__is_paused=False, tracker__next_attempt_at__lte=now)
        .order_by("next_run_at", "id")
        .first()
    )
    if mirror is not None:
        mirror.next_run_at = now + EVERY
        mirror.save(update_fields=["next_run_at"])
    return mirror


@transaction.atomic
def issues_take(mirror: Mirror, page: Sequence[Seen]) -> Tally:
    """Take in issues that are at hand, as a run does that finds just these: for the demo, whose trackers answer
    nobody. Nothing goes out. The mirror is switched on."""
    began, tally = timezone.now(), Tally()
    if _take(mirror, page, tally):
        _note_success(mirror, tally, began)
    return tally


def _run(mirror: Mirror) -> None:
    tracker, began, tally = mirror.tracker, timezone.now(), Tally()
    ends = time.monotonic() + RUN_SECONDS
    is_whole = False
    try:
        pages = CLIENTS[tracker.kind].changed(line_of(tracker), mirror.seen_until, mirror.rule)
        for page in pages:
            if not _take(mirror, page, tally):
                return  # changed or switched off meanwhile: what it says now is read next time
            if tally.new >= MOST_NEW or time.monotonic() > ends:
                break
        else:
            is_whole = True
    except (OutgoingFailed, Conflict) as error:  # Conflict: no key opens the token
        _note_failure(mirror, error, tally)
    else:
        _note_success(mirror, tally, began if is_whole else None)


@transaction.atomic
def _take(mirror: Mirror, page: Sequence[Seen], tally: Tally) -> bool:
    """Take in one page, with the cursor behind it. False: the mirror is another one by now."""
    row = (
        Mirror.objects.select_for_update(of=("self",))
        .select_related("tracker", "system")
        .filter(pk=mirror.pk, version=mirror.version, is_on=True)
        .first()
    )
    if row is None:
        return False
    _one_at_a_time()
    tally.followed += issues_follow(row.tracker, page)
    for one, fate in fates_of(row, list(row.routes.select_related("system")), page):
        if fate.why_not:
            tally.left_out += 1
        else:
            _mirror(row, one, fate)
            tally.new += 1
    if page:
        until = max(one.updated_at for one in page)
        Mirror.objects.filter(pk=row.pk).update(seen_until=until)
    return True


def _one_at_a_time() -> None:
    """Until the transaction ends: two connections to one project would both find no item of an issue, and make two."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MIRRORS])


def fates_of(
    mirror: Mirror, routes: Sequence[MirrorRoute], page: Sequence[Seen]
) -> list[tuple[Seen, Fate]]:
    """What becomes of the page's issues that are not mirrored yet and not closed. Nothing is written."""
    tracker = mirror.tracker
    ids, keys = [one.id for one in page], [one.key for one in page]
    known = MirroredIssue.objects.filter(tracker=tracker, external_id__in=ids)
    mirrored = set(known.values_list("external_id", flat=True))
    tickets = Ticket.objects.filter(tracker=tracker, key__in=keys)
    filed = set(tickets.values_list("key", flat=True))
    return [
        (one, _fate(mirror, routes, one, is_ours=one.key in filed))
        for one in page
        if one.id and one.id not in mirrored and not one.is_closed
    ]


def _fate(mirror: Mirror, routes: Sequence[MirrorRoute], one: Seen, *, is_ours: bool) -> Fate:
    labels = {label.lower() for label in one.labels}
    route = next((each.system for each in routes if each.label.lower() in labels), mirror.system)
    if is_ours or _OWN.search(" ".join([one.text, *one.labels])):
        return Fate(why_not="The portal filed it itself.")
    if one.is_private:
        return Fate(why_not="Not everyone who sees the project may read it.")
    if route is None or route.is_archived:
        return Fate(
            why_not="Its system is archived." if route else "No system is named for its labels."
        )
    if mirror.tracker.system_id not in {None, route.pk}:
        return Fate(why_not="The tracker serves another system.")
    item = _referring(one, route)
    if item is not None and MirroredIssue.objects.filter(item=item).exists():
        return Fate(why_not="A planning item comes from it already, by another connection.")
    return Fate(item=item) if item else Fate(system=route)


def _referring(one: Seen, system: System) -> PlanningItem | None:
    """An item of the system that refers to this very issue: by its address, or by its key alone.

    SECURITY: none of another system, whose people would read the issue by typing its address.
    """
    same = Q(tracker_url="", tracker_key__iexact=reference_to(one))
    if one.url:
        same |= Q(tracker_url__iexact=one.url)
    return PlanningItem.objects.filter(same, system=system).order_by("id").first()


def _mirror(mirror: Mirror, one: Seen, fate: Fate) -> None:
    words, item = words_of(one), fate.item
    if item is None:
        assert fate.system is not None  # noqa: S101  # a fate has one of the three
        item = item_create(
            actor=portal_actor("trackers"),
            system=fate.system,
            title=words.title,
            question=words.text,
            kind=mirror.kind,
            stage=mirror.stage,
            tracker_key=reference_to(one)[:LONGEST_KEY],
            tracker_url=one.url if len(one.url) <= LONGEST_URL else "",
        )
    MirroredIssue.objects.create(
        tracker=mirror.tracker,
        item=item,
        external_id=one.id[:64],
        key=one.key[:60],
        url=one.url[:1000],
        **words._asdict(),
    )


def reference_to(one: Seen) -> str:
    """As people write it: owner/repository#7, PAY-7."""
    return reference_of(one.url).key or one.key


@transaction.atomic
def _note_success(mirror: Mirror, tally: Tally, began: dt.datetime | None) -> None:
    """began: when the run began, if it came to the end; what is left is read by the next one, soon."""
    now = timezone.now()
    went_well(mirror.tracker_id)
    rows = Mirror.objects.filter(pk=mirror.pk, version=mirror.version)
    rows.update(last_run_at=now, last_success_at=now, last_error="", **_told(tally))
    if began is None:
        rows.update(next_run_at=now + SOON)
    else:  # nothing matched so far: what changes from here on is asked for
        rows.filter(seen_until=None).update(seen_until=began - CLOCKS_DIFFER)
    Tracker.objects.filter(pk=mirror.tracker_id, followed_until=None).update(
        followed_until=now - CLOCKS_DIFFER
    )


@transaction.atomic
def _note_failure(mirror: Mirror, error: OutgoingFailed | Conflict, tally: Tally) -> None:
    """A refused rule says nothing of the tracker's other work; the tracker itself waits for what does."""
    now = timezone.now()
    refused = is_refused(error)
    rows = Mirror.objects.filter(pk=mirror.pk, version=mirror.version)
    rows.update(last_run_at=now, last_error=_said(mirror, error), **_told(tally))
    if refused:
        rows.update(next_run_at=now + REFUSED_WAIT)
    else:
        went_wrong(mirror.tracker_id, error)


def _said(mirror: Mirror, error: OutgoingFailed | Conflict) -> str:
    if is_refused(error) and mirror.tracker.kind.startswith("jira") and "400" in error.message:
        return "Jira does not take the rule (HTTP 400). Try its JQL in Jira's own search first."
    return error.message


def _told(tally: Tally) -> dict[str, int]:
    return {
        "last_new": tally.new,
        "last_followed": tally.followed,
        "last_left_out": tally.left_out,
    }
