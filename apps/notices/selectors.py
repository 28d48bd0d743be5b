from django.db.models import QuerySet

from apps.accounts.actors import Actor
from apps.common.errors import Missing
from apps.notices.models import Notice, NoticeWish


def notices_list(viewer: Actor, *, unread: bool = False) -> QuerySet[Notice]:
    """One's notices, the newest first."""
    rows = Notice.objects.visible_to(viewer).filter(is_shown=True).select_related("system")
    return rows.filter(read_at=None) if unread else rows


def notice_get(viewer: Actor, pk: int) -> Notice:
    """Raises: Missing."""
    row = notices_list(viewer).filter(pk=pk).first()
    if row is None:
        raise Missing("There is no such notice of yours.")
    return row


def wish_of(user_id: int) -> NoticeWish:
    """What the person said, or what holds for who said nothing; not stored by this."""
    return NoticeWish.objects.filter(user=user_id).first() or NoticeWish(user_id=user_id)
