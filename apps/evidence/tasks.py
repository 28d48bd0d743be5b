from celery import shared_task

from apps.evidence.services.signals import signals_review_all


@shared_task(name="evidence.review_signals")
def review_signals() -> None:
    """EPSS and KEV change while no report comes in."""
    signals_review_all()
