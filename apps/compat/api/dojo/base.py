"""What DefectDojo's clients expect of every address: its pages, its errors, its numbers as ids."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.inputs import Input
from apps.common.errors import Invalid
from apps.compat.api.foreign import ForeignView

LARGEST = 10**18
PAGE = 100
WRITTEN = {"name_exact": "name", "name__iexact": "name", "tag": "tags"}


class Lookup(serializers.Serializer[Any]):
    """The query of a list. What is not declared is ignored, as clients of DefectDojo expect."""

    limit = serializers.IntegerField(min_value=1, max_value=10_000, default=PAGE)
    offset = serializers.IntegerField(min_value=0, max_value=1_000_000, default=0)
    name = serializers.CharField(max_length=300, required=False)
    status = serializers.CharField(max_length=40, required=False)
    tags = serializers.CharField(max_length=2000, required=False)  # one of them
    tags__and = serializers.CharField(max_length=2000, required=False)  # all of them
    version = serializers.CharField(max_length=100, required=False)
    build_id = serializers.CharField(max_length=150, required=False)
    commit_hash = serializers.CharField(max_length=150, required=False)
    branch_tag = serializers.CharField(max_length=150, required=False)
    test_type = serializers.IntegerField(min_value=0, max_value=LARGEST, required=False)
    title = serializers.CharField(max_length=300, required=False)
    product = serializers.IntegerField(min_value=0, max_value=LARGEST, required=False)
    engagement = serializers.IntegerField(min_value=0, max_value=LARGEST, required=False)


class DojoView(ForeignView):
    def said(self, problem: dict[str, Any]) -> dict[str, Any]:
        """Fields with their sentences, as DRF writes them; `detail` where no field is meant."""
        fields: dict[str, list[str]] = {}
        for each in problem.get("errors", []):
            name = each["field"].partition(".")[0]  # a list's items are under the list's name
            fields.setdefault(name or "non_field_errors", []).append(each["detail"])
        return fields or {"detail": problem["detail"]}

    def lookup(self, request: Request) -> dict[str, Any]:
        given = Lookup(data=plainly(request.query_params.dict()))
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def listed(
        self,
        rows: "QuerySet[Any] | list[Any]",
        shown: Callable[[Any], dict[str, Any]],
        wanted: dict[str, Any],
    ) -> Response:
        """One page by limit and offset."""
        total = len(rows) if isinstance(rows, list) else rows.count()
        start, size = wanted["offset"], min(wanted["limit"], PAGE)
        part: Iterable[Any] = rows[start : start + size]
        return Response(
            {
                "count": total,
                "next": self._beside(start + size, size) if start + size < total else None,
                "previous": self._beside(max(start - size, 0), size) if start else None,
                "results": [shown(row) for row in part],
            }
        )

    def _beside(self, offset: int, limit: int) -> str:
        query = self.request.query_params.copy()
        query["offset"], query["limit"] = str(offset), str(limit)
        return self.request.build_absolute_uri(f"{self.request.path}?{query.urlencode()}")


def plainly(query: dict[str, str]) -> dict[str, str]:
    """A lookup under one name: clients write the same one in several ways."""
    said = {WRITTEN.get(name, name): value for name, value in query.items()}
    return {name: value for name, value in said.items() if value}


def body_of(kind: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    """The declared fields of a JSON body. Raises: Invalid, ValidationError."""
    if not isinstance(data, dict):
        raise Invalid({"non_field_errors": "Invalid data. Expected a dictionary."})
    assert not issubclass(kind, Input)  # noqa: S101  # that one refuses what clients send besides
    given = kind(data=data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)
