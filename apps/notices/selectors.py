from django.db.models import QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan

from apps.accounts.actors import Actor
from apps.common.errors import Missing
from apps.notices.models import Notice, NoticeWish


def notices_list(viewer: Actor, *, unread: bool = False) -> QuerySet[Notice]:
    """One's notices, the newest first."""
    rows = Notice.objects.visible_to(viewer).filter(is_shown=True).select_related("system")
    return rows.filter(read_at=None) if unread else rows


def notices_before(viewer: Actor, rows: QuerySet[Notice], pk: int) -> QuerySet[Notice]:
    """Those of the rows that stand below this one; all of them where it is gone."""
    last = Notice.objects.visible_to(viewer).filter(pk=pk).first()
    if last is None:
        return rows
    return rows.filter(TupleLessThan(Tuple("created_at", "pk"), (last.created_at, last.pk)))


def newest_number(viewer: Actor) -> int:
    """The highest number of one's notices, 0 without any: the last that was told, whenever it happened."""
    return notices_list(viewer).order_by("-pk").values_list("pk", flat=True).first() or 0


def notice_get(viewer: Actor, pk: int) -> Notice:
    """Raises: Missing."""
    row = notices_list(viewer).filter(pk=pk).first()
    if row is None:
        raise Missing("There is no such notice of yours.")
    return row


def wish_of(user_id: int) -> NoticeWish:
    """What the person said, or what holds for who said nothing; not stored by this."""
    return NoticeWish.objects.filter(user=user_id).first() or NoticeWish(user_id=user_id)
