"""Writing notices: one for each person and event, as each wants to be told."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.catalog.models import System
from apps.notices.kinds import NoticeKind
from apps.notices.models import MailEvery, Notice, NoticeWish

LONGEST = 1000  # characters of a fact
TOGETHER = dt.timedelta(hours=1)  # within which what is alike is told in one
_ALIKE = 0x4E4F54  # the first half of the advisory locks of this module


def tell(
    *,
    event_id: int,
    kind: NoticeKind,
    people: Iterable[User],
    path: str,
    system: System | None,
    facts: dict[str, Any],
    at: dt.datetime | None = None,
) -> int:
    """Tell these people once, however often the event is delivered. Returns how many were asked for.

    `at` is when it happened; without it, now. The outbox may be behind, and a notice says when somebody
    decided, not when the portal got round to telling.
    """
    wanted = {user.pk: user for user in people}
    return _write(
        wanted=wanted,
        kind=kind,
        event_id=event_id,
        path=path,
        system=system,
        facts=_short(facts),
        at=at,
    )


@transaction.atomic
def tell_together(
    *,
    event_id: int,
    kind: NoticeKind,
    people: Iterable[User],
    path: str,
    system: System,
    facts: dict[str, Any],
    values: Mapping[str, dict[str, str]],
    item_id: int,
    at: dt.datetime,
) -> None:
    """Tell these people of an item, in the notice that says the like of it already where there is one.

    That is one of the same kind and item, less than TOGETHER before, that was neither read nor mailed.
    values: {key of a risk: {before, now, currency}}; what a notice said before of a risk it keeps, so that
    a value that moved twice is told as moved once. Idempotent: a notice holds the events it has told of.
    """
    # Two workers with two events of an item would both find none.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_ALIKE, item_id % 2**31])
    wanted = {user.pk: user for user in people}
    rows = Notice.objects.filter(user__in=wanted, kind=kind, path=path)
    for pk in rows.filter(facts__events__contains=[event_id]).values_list("user", flat=True):
        del wanted[pk]
    # Locked: one that is read or mailed at this moment has told already, and another tells of this.
    alike = (
        rows.select_for_update()
        .filter(user__in=wanted, read_at=None, mailed_at=None, created_at__gte=at - TOGETHER)
        .order_by("created_at", "pk")
    )
    for notice in {each.user_id: each for each in alike}.values():
        del wanted[notice.user_id]
        notice.facts = _joined(notice.facts, facts, values, event_id)
        notice.created_at = max(notice.created_at, at)
        notice.save(update_fields=["facts", "created_at"])
    _write(
        wanted=wanted,
        kind=kind,
        event_id=event_id,
        path=path,
        system=system,
        facts=_joined({}, facts, values, event_id),
        at=at,
    )


def _joined(
    told: dict[str, Any], facts: dict[str, Any], values: Mapping[str, dict[str, str]], event_id: int
) -> dict[str, Any]:
    before: dict[str, dict[str, str]] = told.get("values", {})
    kept = {key: {"before": before[key]["before"]} for key in values if key in before}
    who = [name for name in (told.get("who", ""), str(facts["who"])) if name]
    return {
        **_short(facts),
        "who": who[-1] if len(set(who)) == 1 else ", ".join(dict.fromkeys(who)),
        "values": before | {key: {**value, **kept.get(key, {})} for key, value in values.items()},
        "events": [*told.get("events", []), event_id],
    }


def _short(facts: dict[str, Any]) -> dict[str, str]:
    return {name: str(value)[:LONGEST] for name, value in facts.items()}


def _write(
    *,
    wanted: Mapping[int, User],
    kind: NoticeKind,
    event_id: int,
    path: str,
    system: System | None,
    facts: dict[str, Any],
    at: dt.datetime | None,
) -> int:
    """The rows, as each person wants to be told."""
    wishes = {wish.user_id: wish for wish in NoticeWish.objects.filter(user__in=wanted)}
    rows = []
    for pk in wanted:
        wish = wishes.get(pk) or NoticeWish()
        is_shown = kind.value not in wish.hidden
        is_due = kind.value not in wish.unmailed and wish.mail_every != MailEvery.NEVER
        if is_shown or is_due:
            rows.append(
                Notice(
                    user_id=pk,
                    system=system,
                    kind=kind,
                    event_id=event_id,
                    facts=facts,
                    path=path,
                    is_shown=is_shown,
                    is_due=is_due,
                    created_at=at or Now(),
                )
            )
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)
