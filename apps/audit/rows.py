"""What a row holds, as an entry of the trail says it: of one that is made, and of one that is taken away."""

from typing import Any

from django.db import models

# SECURITY: no secret, not even as its digest; binary columns (sealed, hashed) are left out whatever they are called.
_NEVER = {"password", "session_key"}
_OF_ITSELF = {"version", "search"}  # what the portal counts and derives by itself


def made(row: models.Model) -> dict[str, list[Any]]:
    """{column: [None, what it holds]}, for `record`'s `changes`."""
    return {name: [None, value] for name, value in _held(row).items()}


def gone(row: models.Model) -> dict[str, list[Any]]:
    """{column: [what it held, None]}; ask before the row goes."""
    return {name: [value, None] for name, value in _held(row).items()}


def _held(row: models.Model) -> dict[str, Any]:
    """{column: value} of the columns that hold something; what it belongs to by its number."""
    told = {}
    for field in row._meta.concrete_fields:  # noqa: SLF001  # public by Django's documentation
        value = getattr(row, field.attname)
        is_said = field.editable and not field.primary_key and field.name not in _NEVER | _OF_ITSELF
        is_value = not isinstance(field, models.BinaryField) and not hasattr(
            value, "resolve_expression"
        )
        if is_said and is_value and value not in (None, "", [], {}):
            told[field.attname] = value
    return told
