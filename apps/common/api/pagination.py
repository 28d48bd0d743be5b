"""Keyset pagination: the same cost on page 1 and on page 10 000.

DRF's own cursor remembers the first ordering column only and counts rows behind it, at most 1 000:
a list by severity, where thousands are equal, would stop there. This one remembers every column.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError as InvalidValue
from django.db import DataError
from django.db.models import Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

LIMIT, MAX_LIMIT = 50, 200
Scalar = str | int | float | bool


class KeysetPagination(BasePagination):
    """`?limit=` up to 200; `?cursor=` from `next`.

    The order is the view's `ordering`: field paths, `-` for descending, none of them nullable, the
    last one unique.
    """

    def paginate_queryset(  # type: ignore[override]  # a sequence has no keys to go on from
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        ordering: Sequence[str] = view.ordering  # type: ignore[union-attr]  # ListView has it
        limit = _limit(request.query_params.get("limit", ""))
        rows = queryset.order_by(*ordering)
        if key := cursor_key(request, len(ordering)):
            found = _fetch(rows, ordering, key, limit + 1)
        else:
            found = list(rows[: limit + 1])
        self.next_url = None
        if len(found) > limit:
            last = [_value(found[limit - 1], name.removeprefix("-")) for name in ordering]
            self.next_url = replace_query_param(request.get_full_path(), "cursor", _encode(last))
        return found[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next_url, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {
                    "type": ["string", "null"],
                    "format": "uri-reference",
                    "description": "where the next page is; null on the last one",
                    "example": "/api/v1/items?cursor=WzQyXQ",
                },
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": LIMIT}
        return [
            _parameter("limit", "How many at most.", limit),
            _parameter("cursor", "Where to go on; take it from `next`.", {"type": "string"}),
        ]


def cursor_key(request: Request, length: int) -> list[Scalar] | None:
    """The values behind which a page begins, None for the first. Raises: ValidationError."""
    cursor = request.query_params.get("cursor", "")
    return _decode(cursor, length) if cursor else None


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _limit(text: str) -> int:
    if not text:
        return LIMIT
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MAX_LIMIT):
        raise ValidationError({"limit": f"Give a number from 1 to {MAX_LIMIT}."})
    return int(text)


def _value(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def _encode(key: list[Any]) -> str:
    """A moment is written with all its digits: a cursor that rounds skips a row."""
    return base64.urlsafe_b64encode(json.dumps(key, default=str).encode()).decode().rstrip("=")


def _decode(cursor: str, length: int) -> list[Scalar]:
    """SECURITY: text from a stranger; it only ever becomes parameters of comparisons."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise _bad_cursor() from None
    known = isinstance(key, list) and len(key) == length
    if not known or not all(isinstance(value, Scalar) for value in key):
        raise _bad_cursor()
    return key  # type: ignore[no-any-return]  # checked above


def _after(rows: QuerySet[Any], ordering: Sequence[str], key: Sequence[Scalar]) -> QuerySet[Any]:
    """Rows behind the key.

    Where all columns run the same way they are compared as one row value, the form with which
    PostgreSQL starts in the middle of an index; else the comparison is spelled out.
    """
    paths = [name.removeprefix("-") for name in ordering]
    downward = [name.startswith("-") for name in ordering]
    if len(paths) > 1 and len(set(downward)) == 1:
        behind = TupleLessThan if downward[0] else TupleGreaterThan
        return rows.filter(behind(Tuple(*paths), tuple(key)))
    return rows.filter(_spelled_out(paths, downward, key))


def _spelled_out(paths: Sequence[str], downward: Sequence[bool], key: Sequence[Scalar]) -> Q:
    behind, equal = Q(), Q()
    for path, down, value in zip(paths, downward, key, strict=True):
        behind |= equal & Q(**{f"{path}__{'lt' if down else 'gt'}": value})
        equal &= Q(**{path: value})
    return behind


def _fetch(
    rows: QuerySet[Any], ordering: Sequence[str], key: Sequence[Scalar], count: int
) -> list[Any]:
    """The rows behind a key. What the key's values cannot be compared with says so here."""
    try:
        return list(_after(rows, ordering, key)[:count])
    except (ValueError, TypeError, OverflowError, DataError, InvalidValue):
        raise _bad_cursor() from None


def _bad_cursor() -> ValidationError:
    return ValidationError({"cursor": "This is no cursor of this list; take it from `next`."})
