"""Everything under /api/."""

from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt

from apps.accounts.api.reference import SchemaFile, operation, reference
from apps.advice.api.mcp import Mcp
from apps.common.api import converters
from apps.common.api.problems import plain

converters.register()


@csrf_exempt
def nothing_here(request: HttpRequest) -> JsonResponse:
    """An address under /api/ that does not exist: a problem, signed in or not."""
    return plain(request, 404, "not-found", "There is no such address; /api/docs lists them all.")


nothing_here.login_required = False  # type: ignore[attr-defined]  # read by LoginRequiredMiddleware

_v1: list[URLPattern | URLResolver] = [
    path("openapi.json", SchemaFile.as_view(kind="json"), name="openapi-json"),
    path("openapi.yaml", SchemaFile.as_view(kind="yaml"), name="openapi-yaml"),
    path("", include("apps.accounts.api.urls")),
    path("", include("apps.catalog.api.urls")),
    path("", include("apps.attachments.api.urls")),
    path("", include("apps.planning.api.urls")),
    path("", include("apps.guidance.api.urls")),
    path("", include("apps.risks.api.urls")),
    path("", include("apps.scans.api.urls")),
    path("receivers/", include("apps.compat.api.receiver_urls")),
    path("", include("apps.sources.api.urls")),
    path("", include("apps.trust.api.urls")),
    path("", include("apps.coverage.api.urls")),
    path("", include("apps.automation.api.urls")),
    path("", include("apps.controls.api.urls")),
    path("", include("apps.notices.api.urls")),
    path("", include("apps.evidence.api.urls")),
    path("", include("apps.outbound.api.urls")),
    path("", include("apps.trackers.api.urls")),
    path("", include("apps.advice.api.urls")),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("docs", reference, name="api-docs"),
    path("docs/<slug:name>", operation, name="api-operation"),
    path("v1/", include(_v1)),
    path("mcp", Mcp.as_view()),
    path("", include("apps.compat.api.urls")),
    re_path(r"^[\s\S]*\Z", nothing_here),  # a point would not stand for a line feed
]
