"""The API's description: as a file for programs, as a page for people."""

import functools
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts.api.views import PortalView
from apps.common.api.problems import CODES
from apps.common.api.reference import Group, groups


@functools.cache
def schema() -> dict[str, Any]:
    """Made once a process; it depends on the code alone."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    made: dict[str, Any] = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
    return made


@functools.cache
def _file(kind: str) -> bytes:
    renderer = OpenApiYamlRenderer() if kind == "yaml" else OpenApiJsonRenderer()
    return renderer.render(schema(), renderer_context={})


@functools.cache
def _groups() -> tuple[Group, ...]:
    return groups(schema())


class SchemaFile(PortalView):
    """openapi.json and openapi.yaml."""

    open_to_pipelines = True
    kind = "json"

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        media = OpenApiYamlRenderer if self.kind == "yaml" else OpenApiJsonRenderer
        return HttpResponse(_file(self.kind), content_type=media.media_type)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        return super().perform_content_negotiation(request, force=True)


def reference(request: HttpRequest) -> HttpResponse:
    """The reference page; signing in is the middleware's matter."""
    info = schema()["info"]
    context = {"info": info, "groups": _groups(), "problems": CODES}
    return render(request, "api/reference.html", context)
