"""The Celery app. Tasks live in apps/<app>/tasks.py; settings are CELERY_* in settings.py."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "secops_portal.settings")

app = Celery("secops_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
