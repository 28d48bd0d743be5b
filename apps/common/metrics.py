"""What a monitoring system is told: requests as they were served, and how the work stands.

Requests are counted in each web process and added up over shared files (prometheus_client's
multiprocess mode; deploy/gunicorn.conf.py makes the folder). How the work stands is asked of the
database when somebody asks us, so that it is true whichever process answers. Units and names follow
Prometheus' practices for naming.
"""

import datetime as dt
import hmac
import os
import time
from collections.abc import Callable, Iterable, Iterator

from django.conf import settings
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from apps.common.models import OutboxDelivery

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SHARED = "PROMETHEUS_MULTIPROC_DIR"
STUCK = 5  # attempts at a delivery
_here = CollectorRegistry()
REQUESTS = Histogram(
    "secops_request_seconds",
    "Time to answer requests, by route.",
    ("method", "route", "status"),
    registry=None if os.environ.get(SHARED) else _here,
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
WAITS = Histogram(
    "secops_lane_wait_seconds",
    "Time that requests waited at the door, by lane.",
    ("lane",),
    registry=None if os.environ.get(SHARED) else _here,
    buckets=(0.01, 0.1, 0.5, 1, 5, 10, 30, 60),
)
REFUSED = Counter(
    "secops_lane_refused",
    "Requests that found no room at the door, or waited too long.",
    ("lane",),
    registry=None if os.environ.get(SHARED) else _here,
)


class MetricsMiddleware:
    """First of all, so that the time of the others counts."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        # The pattern, never the address: keys are many, and may be nobody's business.
        route = request.resolver_match.route if request.resolver_match else "none"
        REQUESTS.labels(request.method or "", route, str(response.status_code)).observe(
            time.perf_counter() - began
        )
        return response


class WorkCollector(Collector):
    """Asks every app of settings.SECOPS_METRICS how its work stands."""

    def collect(self) -> Iterator[Metric]:
        for path in settings.SECOPS_METRICS:
            families: Iterable[Metric] = import_string(path)()
            yield from families


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(WorkCollector())
    if os.environ.get(SHARED):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest(registry) + generate_latest(_here)


def is_asked_by_monitoring(request: HttpRequest) -> bool:
    """SECURITY: only with the token of SECOPS_METRICS_TOKEN; without one nobody is answered."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    wanted = settings.SECOPS_METRICS_TOKEN.encode()
    return bool(wanted) and hmac.compare_digest(given, wanted)


def gauge(name: str, told: str, value: float | None) -> GaugeMetricFamily:
    """One number; 0 where there is nothing to be counted."""
    return GaugeMetricFamily(name, told, value=value or 0)


def gauges(
    name: str, told: str, label: str, values: Iterable[tuple[str, float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, told, labels=[label])
    for of_what, value in values:
        family.add_metric([of_what], value)
    return family


def age(moment: dt.datetime | None) -> float:
    """Seconds since then; 0 where there was nothing, or it is still to come."""
    return max((timezone.now() - moment).total_seconds(), 0.0) if moment else 0.0


def outbox() -> list[Metric]:
    """How far the outbox is behind."""
    due = OutboxDelivery.objects.filter(delivered_at=None)
    late = due.filter(next_attempt_at__lte=timezone.now())
    found = late.aggregate(number=Count("pk"), oldest=Min("next_attempt_at"))
    return [
        gauge("secops_outbox_due", "Deliveries that are due.", found["number"]),
        gauge("secops_outbox_lag_seconds", "Age of the longest due one.", age(found["oldest"])),
        gauge(
            "secops_outbox_stuck",
            f"Deliveries that failed {STUCK} times or more.",
            due.filter(attempts__gte=STUCK).count(),
        ),
    ]
