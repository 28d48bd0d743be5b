"""The API's description: as a file for programs, as pages for people."""

import functools
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts.api.views import PortalView
from apps.common.api.problems import CODES
from apps.common.api.reference import FOUND_LETTERS, Reference
from apps.common.errors import Missing


@functools.cache
def schema() -> dict[str, Any]:
    """Made once a process; it depends on the code alone, and not on whose page asks first."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    with translation.override("en"):
        made: dict[str, Any] = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
    return made


@functools.cache
def _file(kind: str) -> bytes:
    renderer = OpenApiYamlRenderer() if kind == "yaml" else OpenApiJsonRenderer()
    return renderer.render(schema(), renderer_context={})


@functools.cache
def _reference() -> Reference:
    return Reference(schema())


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


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """The index: what holds for all operations, and where each is. `?q=` finds some of them.

    Each operation's line has its name as anchor, so that /api/docs#items_create finds it. Signing
    in is the middleware's matter.
    """
    text = request.GET.get("q", "").strip()[:FOUND_LETTERS]
    read = _reference()
    groups = read.found(text) if text else read.groups
    context = {
        "info": read.schema["info"],
        "text": text,
        "groups": groups,
        "found": sum(len(group.entries) for group in groups),
        "security": read.security,
        "problem": read.problem,
        "problems": CODES,
        "portal": request.build_absolute_uri("/").rstrip("/"),
        "letters": FOUND_LETTERS,
    }
    return render(request, "api/index.html", context)


@require_safe
def operation(request: HttpRequest, name: str) -> HttpResponse:
    """One operation with its fields, answers and examples. Raises Missing where there is none."""
    read = _reference()
    if name not in read.entries:
        raise Missing(_("The API has no operation of this name."))
    names = [*read.entries]
    place = names.index(name)
    tag = read.entries[name].tag
    context = {
        "operation": read.operation(name),
        "group": next(group for group in read.groups if group.name == tag),
        "previous": read.entries[names[place - 1]] if place else None,
        "next": read.entries[names[place + 1]] if place + 1 < len(names) else None,
        "security": read.security,
    }
    return render(request, "api/operation.html", context)
