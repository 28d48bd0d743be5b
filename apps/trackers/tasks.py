from celery import shared_task

from apps.trackers.services.closing import close_due
from apps.trackers.services.filing import file_due
from apps.trackers.services.following import follow_due
from apps.trackers.services.mirroring import mirror_due
from apps.trackers.services.telling import tell_due
from apps.trackers.services.titles import title_fetch


@shared_task(name="trackers.file")
def file() -> None:
    file_due()


@shared_task(name="trackers.follow")
def follow() -> None:
    follow_due()
    close_due()


@shared_task(name="trackers.mirror")
def mirror() -> None:
    mirror_due()


@shared_task(name="trackers.tell")
def tell() -> None:
    tell_due()


@shared_task(name="trackers.title")
def title(item_id: int) -> None:
    title_fetch(item_id=item_id)
