from celery import shared_task

from apps.automation.services import overdue


@shared_task(name="automation.sweep")
def sweep() -> None:
    overdue.overdue_tell()
