from celery import shared_task

from apps.audit.sealing import entries_seal


@shared_task(name="audit.seal")
def seal() -> None:
    entries_seal()
