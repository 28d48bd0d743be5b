import datetime as dt

from celery import shared_task
from django.utils import timezone

from apps.notices.models import Notice
from apps.notices.services import mail

KEPT = dt.timedelta(days=180)


@shared_task(name="notices.send")
def send_mails() -> None:
    mail.mails_send_due()


@shared_task(name="notices.forget")
def forget_old() -> None:
    """What is half a year old says nothing any more that the things themselves do not say."""
    Notice.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
