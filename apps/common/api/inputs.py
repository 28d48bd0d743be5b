"""What serializers of input share: nothing unknown, nothing that PostgreSQL cannot hold."""

import re
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

LISTED = frozenset({"limit", "cursor"})  # read by the paginator


class Input(serializers.Serializer[Any]):
    """A body or a query. A field that is not declared is refused by name, never ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            unknown = sorted(str(name)[:100] for name in data if name not in writable)
            if unknown:
                known = ", ".join(sorted(writable)) or "none"
                text = f"There is no such field here. Known: {known}."
                raise serializers.ValidationError(dict.fromkeys(unknown[:20], text))
        return super().to_internal_value(data)


class Nothing(Input):
    """A POST that takes no fields."""


class KeyField(serializers.CharField):
    """A human key such as PI-7, read as the number behind its prefix."""

    def __init__(self, prefix: str, **kwargs: Any) -> None:
        self.pattern = re.compile(rf"{prefix}-([0-9]{{1,18}})")
        self.example = f"{prefix}-7"
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Any:
        found = self.pattern.fullmatch(super().to_internal_value(data))
        if found is None or not found[1].isascii():
            raise serializers.ValidationError(f"Give a key like {self.example}.")
        return int(found[1])


def read_body(kind: type[Input], request: Request, *, partial: bool = False) -> dict[str, Any]:
    """The body's fields. Raises: ValidationError naming each that cannot be."""
    given = kind(data=request.data, partial=partial)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def read_query(kind: type[Input], request: Request) -> dict[str, Any]:
    """The query's parameters but the paginator's. One given twice counts once, the last."""
    data = {name: value for name, value in request.query_params.items() if name not in LISTED}
    given = kind(data=data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)
