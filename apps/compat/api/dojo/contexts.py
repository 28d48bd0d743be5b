"""Product types, products, engagements, tests and test types: what clients look up or make first."""

from typing import Any

from django.utils.text import slugify
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.catalog.services import system_create
from apps.common.errors import Invalid, NotPermitted
from apps.compat import selectors
from apps.compat.api.dojo import shapes
from apps.compat.api.dojo.base import LARGEST, DojoView, body_of
from apps.compat.api.dojo.form import tags_of
from apps.compat.scan_types import NAMES, SCAN_TYPES
from apps.compat.services.contexts import (
    BUILD_FIELDS,
    RUN_FIELDS,
    RUN_TEXTS,
    engagement_ensure,
    engagement_note_build,
    run_ensure,
)


def _maybe(longest: int) -> serializers.CharField:
    return serializers.CharField(
        max_length=longest, required=False, allow_null=True, allow_blank=True
    )


class Named(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)


class EngagementIn(serializers.Serializer[Any]):
    product = serializers.IntegerField(min_value=1, max_value=LARGEST)
    name = serializers.CharField(max_length=300)


class BuildIn(serializers.Serializer[Any]):
    build_id = _maybe(150)
    commit_hash = _maybe(150)
    branch_tag = _maybe(150)


class TestIn(serializers.Serializer[Any]):
    engagement = serializers.IntegerField(min_value=1, max_value=LARGEST)
    test_type = serializers.IntegerField(min_value=1, max_value=LARGEST)
    title = serializers.CharField(max_length=255, required=False, allow_null=True)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=50, required=False, allow_null=True
    )
    version = _maybe(100)
    build_id = _maybe(150)
    commit_hash = _maybe(150)
    branch_tag = _maybe(150)


class ProductTypes(DojoView):
    """There is one, the organisation, under whatever name a client knows it."""

    def get(self, request: Request) -> Response:
        wanted = self.lookup(request)
        return self.listed([wanted.get("name", "Organisation")], shapes.product_type, wanted)

    def post(self, request: Request) -> Response:
        return Response(shapes.product_type(body_of(Named, request.data)["name"]), status=201)


class Products(DojoView):
    def get(self, request: Request) -> Response:
        wanted = self.lookup(request)
        if "name" not in wanted:
            return self.listed(selectors.products(self.actor), shapes.product, wanted)
        found = selectors.product_named(self.actor, wanted["name"])
        return self.listed(
            [found] if found else [], lambda row: shapes.product(row, wanted["name"]), wanted
        )

    def post(self, request: Request) -> Response:
        """A new system, for those who may make one."""
        name = body_of(Named, request.data)["name"]
        system = product_make(self, name)
        return Response(shapes.product(system, name), status=201)


def product_make(view: DojoView, name: str) -> Any:
    """Raises: NotPermitted, saying which products there are for this token; Invalid."""
    if view.actor.user is None:
        known = ", ".join(system.name for system in selectors.products(view.actor)[:5])
        raise NotPermitted(
            f"This token posts for: {known}. Give that as the product's name, or make the system "
            f"{name[:60]!r} first and use a token of its own."
        )
    require(view.actor, Permission.SYSTEM_MANAGE)
    key = slugify(name)[:60]
    if not key:
        raise Invalid({"name": "Use some letters or digits."})
    return system_create(actor=view.actor, key=key, name=name)


class OneProduct(DojoView):
    def get(self, request: Request, product: int) -> Response:
        return Response(shapes.product(selectors.product_get(self.actor, product)))


class Engagements(DojoView):
    def get(self, request: Request) -> Response:
        wanted = self.lookup(request)
        rows = selectors.engagements(self.actor)
        if "name" in wanted:
            rows = rows.filter(name=wanted["name"])
        if "product" in wanted:
            rows = rows.filter(system_id=wanted["product"])
        if wanted.get("status", shapes.UNDER_WAY) != shapes.UNDER_WAY:
            rows = rows.none()
        return self.listed(rows, shapes.engagement, wanted)

    def post(self, request: Request) -> Response:
        given = body_of(EngagementIn, request.data)
        row, _ = engagement_ensure(
            actor=self.actor,
            system=selectors.product_get(self.actor, given["product"]),
            name=given["name"],
        )
        build = build_of(request.data)
        if any(build.values()):
            row = engagement_note_build(actor=self.actor, engagement=row, **build)
        return Response(shapes.engagement(row), status=201)


def build_of(data: Any) -> dict[str, str]:
    """Which build it was, where the client says so; null is nothing."""
    given = body_of(BuildIn, data)
    return {name: given[name] or "" for name in BUILD_FIELDS if name in given}


class OneEngagement(DojoView):
    def get(self, request: Request, engagement: int) -> Response:
        return Response(shapes.engagement(selectors.engagement_get(self.actor, engagement)))

    def patch(self, request: Request, engagement: int) -> Response:
        row = selectors.engagement_get(self.actor, engagement)
        build = build_of(request.data)
        if build:
            row = engagement_note_build(actor=self.actor, engagement=row, **build)
        return Response(shapes.engagement(row))


class Tests(DojoView):
    def get(self, request: Request) -> Response:
        wanted = self.lookup(request)
        rows = selectors.runs(self.actor)
        if "title" in wanted:
            rows = rows.filter(title=wanted["title"])
        if "engagement" in wanted:
            rows = rows.filter(engagement_id=wanted["engagement"])
        if wanted.get("test_type") in NAMES:
            rows = rows.filter(scan_type=NAMES[wanted["test_type"]])
        if "tags" in wanted:
            rows = rows.filter(tags__overlap=tags_of([wanted["tags"]]))
        if "tags__and" in wanted:
            rows = rows.filter(tags__contains=tags_of([wanted["tags__and"]]))
        texts = {name: wanted[name] for name in RUN_TEXTS if name in wanted}
        return self.listed(rows.filter(**texts), shapes.test, wanted)

    def post(self, request: Request) -> Response:
        given = body_of(TestIn, request.data)
        scan_type = NAMES.get(given["test_type"], "")
        row, _ = run_ensure(
            actor=self.actor,
            engagement=selectors.engagement_get(self.actor, given["engagement"]),
            title=given.get("title") or scan_type or "Scan",
            scan_type=scan_type,
            said={name: given[name] for name in RUN_FIELDS if given.get(name)},
        )
        return Response(shapes.test(row), status=201)


class OneTest(DojoView):
    def get(self, request: Request, test: int) -> Response:
        return Response(shapes.test(selectors.run_get(self.actor, test)))


class TestTypes(DojoView):
    def get(self, request: Request) -> Response:
        wanted = self.lookup(request)
        names = [wanted["name"]] if "name" in wanted else list(SCAN_TYPES)
        return self.listed(names, shapes.test_type, wanted)


class UserProfile(DojoView):
    """Where clients try their token out."""

    def get(self, request: Request) -> Response:
        user = self.actor.user
        shown = {"id": user.pk if user else 0, "username": self.actor.label}
        return Response({"user": shown, "user_contact_info": None, "global_role": None})
