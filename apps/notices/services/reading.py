"""A person reads, and says how to be told."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.audit.services import record
from apps.common.errors import Invalid, NotPermitted
from apps.notices.kinds import NoticeKind
from apps.notices.models import MailEvery, Notice, NoticeWish
from apps.notices.selectors import notice_get, notices_list


def notice_read(*, actor: Actor, pk: int, is_read: bool = True) -> Notice:
    """Raises: Missing."""
    notice = notice_get(actor, pk)
    notice.read_at = timezone.now() if is_read else None
    notice.save(update_fields=["read_at"])
    return notice


def notices_read_all(*, actor: Actor, through: int) -> int:
    """All up to this number: what came while one read stays unread. Returns how many."""
    return notices_list(actor, unread=True).filter(pk__lte=through).update(read_at=timezone.now())


@transaction.atomic
def wish_set(
    *, actor: Actor, hidden: Sequence[str], unmailed: Sequence[str], mail_every: str
) -> NoticeWish:
    """Say how to be told. What has not gone out yet follows it, too. Raises: Invalid, NotPermitted."""
    if actor.user is None:
        raise NotPermitted("A person says how to be told.")
    problems = {}
    if mail_every not in MailEvery.values:
        problems["mail_every"] = f"Say one of: {', '.join(MailEvery.values)}."
    for name, kinds in (("hidden", hidden), ("unmailed", unmailed)):
        if unknown := sorted(set(kinds) - set(NoticeKind.values)):
            problems[name] = f"There is no kind {unknown[0]!r}."
    if problems:
        raise Invalid(problems)
    said = {
        "hidden": sorted(set(hidden)),
        "unmailed": sorted(set(unmailed)),
        "mail_every": mail_every,
    }
    wish, _ = NoticeWish.objects.update_or_create(user=actor.user, defaults=said)
    due = Notice.objects.filter(user=actor.user, is_due=True)
    (due if mail_every == MailEvery.NEVER else due.filter(kind__in=unmailed)).update(is_due=False)
    record(actor=actor, action="notices.wish", target=actor.user, changes=said)
    return wish
