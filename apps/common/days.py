"""Days of the reader's calendar."""

import datetime as dt

from django.utils import timezone


def start_of(day: dt.date) -> dt.datetime:
    """The moment at which a day of the reader's time zone begins."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))
