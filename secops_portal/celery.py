"""The Celery app. Tasks live in apps/<app>/tasks.py; settings are CELERY_* in settings.py."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "secops_portal.settings")
# Django's checks load every page: 50 MiB in each process of a worker. The sweeper makes them when it starts.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("secops_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def yield_the_processor(**_words: Any) -> None:
    """A worker, with the processes that it starts, lets those go first who answer people on its machine."""
    from django.conf import settings  # noqa: PLC0415  # read when a worker starts, not where a task is sent

    os.nice(settings.SECOPS_WORKER_NICE)
