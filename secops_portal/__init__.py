"""Wiring only: settings, URLs, Celery, WSGI. What the portal does lives in apps/."""

from secops_portal.celery import app as celery_app

__all__ = ["celery_app"]
