"""docs/rules-between-fields.md: every constraint of the database over several fields, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import models

PAGE = Path(__file__).parents[2] / "docs" / "rules-between-fields.md"


def fields_of(condition: Any) -> Iterator[str]:
    """The fields that a condition names, at either side of its comparisons."""
    for child in condition.children:
        if isinstance(child, models.Q):
            yield from fields_of(child)
            continue
        name, value = child
        yield name.split("__")[0]
        if isinstance(value, models.F):
            yield str(value.name).split("__")[0]  # type: ignore[attr-defined]  # it has, the stubs do not


def test_every_rule_of_the_database_is_told() -> None:
    told = set(
        re.findall(r"`(\w+)`", "".join(re.findall(r"^\| `.*?\|", PAGE.read_text(), re.MULTILINE)))
    )
    rules = {
        rule.name
        for model in apps.get_models()
        if model.__module__.startswith("apps.")
        for rule in model._meta.constraints
        if isinstance(rule, models.CheckConstraint) and len(set(fields_of(rule.condition))) > 1
    }
    assert len(rules) > 20
    assert told == rules
