"""Writing notices: one for each person and event, as each wants to be told."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models.functions import Now

from apps.accounts.models import User
from apps.catalog.models import System
from apps.notices.kinds import NoticeKind
from apps.notices.models import MailEvery, Notice, NoticeWish

LONGEST = 300  # characters of a fact


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
    wishes = {wish.user_id: wish for wish in NoticeWish.objects.filter(user__in=wanted)}
    told = {name: str(value)[:LONGEST] for name, value in facts.items()}
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
                    facts=told,
                    path=path,
                    is_shown=is_shown,
                    is_due=is_due,
                    created_at=at or Now(),
                )
            )
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)
