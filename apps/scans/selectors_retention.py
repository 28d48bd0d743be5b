"""What raw bytes are kept, and what a rule would take."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from apps.scans.models import RawRetention, Report


@dataclass(frozen=True)
class RawCopies:
    """How many raw copies there are; size: bytes, after decompression."""

    count: int
    size: int


def retention_now() -> RawRetention | None:
    """What the organisation said last; None: nothing yet, so everything is kept."""
    return RawRetention.objects.select_related("created_by").order_by("-pk").first()


def retention_days() -> int | None:
    """None: raw copies are kept."""
    row = retention_now()
    return row.days if row else None


def reports_past(days: int) -> QuerySet[Report]:
    """Finished reports whose raw copy is older than so many days and still here, the oldest first."""
    before = timezone.now() - dt.timedelta(days=days)
    kept = Report.objects.exclude(storage_name="").filter(finished_at__lt=before)
    return kept.order_by("finished_at")


def raw_copies(days: int | None = None) -> RawCopies:
    """All that are kept of finished reports, or those that a rule of so many days would take."""
    kept = Report.objects.exclude(storage_name="").filter(finished_at__isnull=False)
    rows: QuerySet[Report] = kept if days is None else reports_past(days)
    told = rows.order_by().aggregate(count=Count("pk"), size=Sum("size"))
    return RawCopies(told["count"], told["size"] or 0)
