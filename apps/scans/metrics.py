"""How far reports are, for monitoring."""

import datetime as dt

from django.db.models import Count, Min, Sum
from django.utils import timezone
from prometheus_client.core import Metric

from apps.common.metrics import age, gauge, gauges
from apps.scans.models import Report, ReportState

WAITING = [ReportState.RECEIVED, ReportState.PROCESSING]
NEWEST = 5000  # rows that are looked at for the last hour: never the whole table


def reports() -> list[Metric]:
    waiting = Report.objects.filter(state__in=WAITING)
    found = dict(waiting.order_by().values_list("state").annotate(number=Count("pk")))
    oldest = waiting.aggregate(oldest=Min("received_at"))["oldest"]
    newest = Report.objects.order_by("-pk").values("pk")[:NEWEST]
    hour = Report.objects.filter(
        pk__in=newest, received_at__gte=timezone.now() - dt.timedelta(hours=1)
    )
    came = dict(hour.order_by().values_list("state").annotate(number=Count("pk")))
    taken = hour.filter(state=ReportState.PROCESSED).aggregate(bytes=Sum("size"))
    return [
        gauges(
            "secops_reports_waiting",
            "Reports that are not processed yet, by state.",
            "state",
            [(state, found.get(state, 0)) for state in WAITING],
        ),
        gauge("secops_report_queue_age_seconds", "Age of the longest waiting one.", age(oldest)),
        gauges(
            "secops_reports_last_hour",
            "Reports that came within an hour, by state.",
            "state",
            [(state, came.get(state, 0)) for state in ReportState.values],
        ),
        gauge(
            "secops_report_bytes_last_hour",
            "Bytes of those that were processed.",
            taken["bytes"],
        ),
    ]
