from celery import shared_task

from apps.removals import services


@shared_task(name="removals.forget")
def forget_old() -> None:
    services.removals_forget_old()
