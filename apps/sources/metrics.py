"""How the sources that are pulled from stand, for monitoring."""

from django.db.models import Count, Min, Q
from django.utils import timezone
from prometheus_client.core import Metric

from apps.common.metrics import age, gauge, gauges
from apps.sources.models import RunState, Source, SourceRun


def sources() -> list[Metric]:
    told = Source.objects.aggregate(
        paused=Count("pk", filter=Q(is_paused=True)),
        broken=Count("pk", filter=Q(is_paused=False, broken_since__isnull=False)),
        failing=Count("pk", filter=Q(is_paused=False, broken_since=None, failures__gt=0)),
        good=Count("pk", filter=Q(is_paused=False, broken_since=None, failures=0)),
        due=Min("next_run_at", filter=Q(is_paused=False, next_run_at__lte=timezone.now())),
    )
    runs = SourceRun.objects.filter(state__in=[RunState.QUEUED, RunState.RUNNING])
    return [
        gauges(
            "secops_sources",
            "Sources, by how they stand.",
            "state",
            [(state, told[state]) for state in ("good", "failing", "broken", "paused")],
        ),
        gauge("secops_source_lag_seconds", "Age of the longest due run.", age(told["due"])),
        gauge("secops_source_runs_open", "Runs that wait or are under way.", runs.count()),
    ]
