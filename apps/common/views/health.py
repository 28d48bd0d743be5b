"""For supervisors: is the process alive, can it serve, and how does the work stand?"""

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis.exceptions import RedisError

from apps.common.errors import Missing
from apps.common.metrics import CONTENT_TYPE, exposition, is_asked_by_monitoring


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """PostgreSQL answers; Redis is told of, and its absence does not stop pages."""
    parts = {"database": _database(), "redis": _redis()}
    status = 200 if parts["database"] == "ok" else 503
    return JsonResponse({"status": "ok" if status == 200 else "down", **parts}, status=status)


@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, for the token of SECOPS_METRICS_TOKEN; else as if nothing were here."""
    if not is_asked_by_monitoring(request):
        raise Missing("There is nothing here, or you may not see it.")
    return HttpResponse(exposition(), content_type=CONTENT_TYPE)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "down"
    return "ok"


def _redis() -> str:
    try:
        cache.get("readyz")
    except (RedisError, OSError):
        return "down"
    return "ok"
