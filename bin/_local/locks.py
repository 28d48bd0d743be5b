"""Migrations that would stop the release that still runs, or hold a table locked while it works: bin/lint locks.

What a rule refuses and has to be done all the same is argued in argued_migrations.toml, with its reason.
The rules follow PostgreSQL's documentation of ALTER TABLE and CREATE INDEX (which of them rewrite, scan or lock).
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
from django.contrib.postgres import operations as postgres
from django.db import models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models.functions import Now

from .arguing import unargued

ARGUED = Path(__file__).with_name("argued_migrations.toml")
# By the name that an argument gives: what to do instead.
RULES = {
    "index": "use AddIndexConcurrently or RemoveIndexConcurrently, in a migration of its own with atomic = False",
    "not-null": "the running release inserts rows without it: give it null=True or a db_default",
    "rewrite": "every row is written again under a lock: no generated column, db_default a plain value or Now()",
    "field-index": "its index is built under a lock: db_index=False, then AddIndexConcurrently in the next migration",
    "alter": "the column changes under a lock: add a new one, fill it, move over, in releases that follow each other",
    "gone": "the running release still uses that name: it can go, or change, only after a release that does not",
    "constraint": "rows are checked under a lock: AddConstraintNotValid, then ValidateConstraint in the next migration",
    "unvalidated": "no later migration has ValidateConstraint for it",
    "code": "nobody but its author knows what it locks: say it in the argument",
    "unknown": "this check does not know that operation: argue it, or teach it to bin/_local/locks.py",
}

Model = tuple[str, str]


@dataclass(frozen=True)
class Finding:
    """One operation that one rule refuses."""

    migration: str
    rule: str
    what: str

    @property
    def key(self) -> str:
        """As an argument names it."""
        return f"{self.migration} {self.rule}"

    def __str__(self) -> str:
        return f"{self.key}: {self.what}: {RULES[self.rule]}"


@dataclass(frozen=True)
class _Place:
    """Where an operation stands: the models before it, and those whose tables are as new as it is."""

    app: str
    state: ProjectState
    new: set[Model]

    def is_new(self, operation: Any) -> bool:
        return (self.app, operation.model_name.lower()) in self.new


def findings(plan: Iterable[Migration], ours: Callable[[Migration], bool]) -> list[Finding]:
    """What the rules refuse in those migrations of ``plan`` that are ours; ``plan`` holds all, in their order."""
    state = ProjectState()
    found: list[Finding] = []
    waiting: dict[tuple[str, str], Finding] = {}
    first: set[Model] = set()  # tables of initial migrations, of which an app may have several
    for migration in plan:
        app, label = migration.app_label, f"{migration.app_label}.{migration.name}"
        new = set(first) if migration.initial else set()
        unready: set[str] = set()
        for operation in migration.operations:
            place = _Place(app, state, new)
            for each in _database_side(operation):
                what = each.describe()
                if ours(migration):
                    found += [Finding(label, rule, what) for rule in _refused(each, place)]
                if isinstance(each, operations.CreateModel):
                    new.add((app, each.name.lower()))
                elif isinstance(each, postgres.AddConstraintNotValid) and ours(migration):
                    unready.add(each.constraint.name)
                    waiting[app, each.constraint.name] = Finding(label, "unvalidated", what)
                elif isinstance(each, postgres.ValidateConstraint):
                    waiting.pop((app, each.name), None)
                    if each.name in unready:
                        found.append(Finding(label, "constraint", what))
            operation.state_forwards(app, state)
        if migration.initial:
            first |= new
    return [*found, *waiting.values()]


def _database_side(operation: Operation) -> Iterator[Operation]:
    if isinstance(operation, operations.SeparateDatabaseAndState):
        for each in operation.database_operations:
            yield from _database_side(each)
    else:
        yield operation


def _refused(operation: Any, place: _Place) -> Iterator[str]:
    """Names of the rules that the operation breaks."""
    for kinds, judge in _JUDGES:
        if isinstance(operation, kinds):
            yield from judge(operation, place)
            return
    yield "unknown"


def _always(rule: str) -> Callable[[Any, _Place], Iterable[str]]:
    return lambda _operation, _place: (rule,)


def _unless_new(rule: str) -> Callable[[Any, _Place], Iterable[str]]:
    return lambda operation, place: () if place.is_new(operation) else (rule,)


def _together(operation: Any, place: _Place) -> Iterable[str]:
    is_new = (place.app, operation.name.lower()) in place.new
    return () if is_new else ("constraint",)


def _added(operation: Any, place: _Place) -> Iterator[str]:
    field = operation.field
    if place.is_new(operation) or field.many_to_many:
        return
    if isinstance(field, models.GeneratedField):
        yield "rewrite"
        return
    has_default = field.db_default is not models.NOT_PROVIDED
    if not field.null and not has_default:
        yield "not-null"
    if has_default and not _is_constant(field.db_default):
        yield "rewrite"
    if field.db_index or field.unique:
        yield "field-index"


def _is_constant(default: object) -> bool:
    return isinstance(default, (models.Value, Now)) or not hasattr(default, "resolve_expression")


def _altered(operation: Any, place: _Place) -> Iterable[str]:
    if place.is_new(operation):
        return ()
    before = place.state.models[place.app, operation.model_name.lower()].fields[operation.name]
    return () if is_free(before, operation.field) else ("alter",)


def is_free(before: models.Field[Any, Any], after: models.Field[Any, Any]) -> bool:
    """Whether the table changes in its catalogue at most: texts, choices, defaults, NULL allowed, a longer varchar."""
    _name, path, arguments, old = before.deconstruct()
    _name, path_after, arguments_after, new = after.deconstruct()
    if path != path_after or list(arguments) != list(arguments_after):
        return False
    ignored = {*after.non_db_attrs, "default", "db_default"}
    return all(
        _is_free_option(name, old.get(name), new.get(name))
        for name in {*old, *new} - ignored
        if old.get(name) != new.get(name)
    )


def _is_free_option(name: str, before: Any, after: Any) -> bool:
    if name == "null":
        return bool(after)
    if name == "max_length":
        return after is None or (before is not None and after > before)
    if isinstance(before, models.Field) and isinstance(after, models.Field):  # of an array
        return is_free(before, after)
    return False


# The first that fits judges, so that the kinds which are harmless stand before those they derive from.
_JUDGES: tuple[tuple[Any, Callable[[Any, _Place], Iterable[str]]], ...] = (
    (
        (
            postgres.AddIndexConcurrently,
            postgres.RemoveIndexConcurrently,
            postgres.AddConstraintNotValid,
            postgres.ValidateConstraint,
            postgres.CreateExtension,
            operations.CreateModel,
            operations.RemoveConstraint,
            operations.RenameIndex,
            operations.AlterModelOptions,
            operations.AlterModelManagers,
            operations.AlterModelTableComment,
        ),
        lambda _operation, _place: (),
    ),
    ((operations.AddIndex, operations.RemoveIndex), _unless_new("index")),
    (operations.AddField, _added),
    (operations.AlterField, _altered),
    (operations.AddConstraint, _unless_new("constraint")),
    ((operations.AlterUniqueTogether, operations.AlterIndexTogether), _together),
    ((operations.RemoveField, operations.RenameField), _unless_new("gone")),
    (
        (operations.RenameModel, operations.DeleteModel, operations.AlterModelTable),
        _always("gone"),
    ),
    ((operations.RunPython, operations.RunSQL), _always("code")),
)


def plan_of(loader: MigrationLoader) -> list[Migration]:
    """All migrations, each behind those it depends on."""
    graph = loader.graph
    nodes = dict.fromkeys(
        node for leaf in sorted(graph.leaf_nodes()) for node in graph.forwards_plan(leaf)
    )
    return [graph.nodes[node] for node in nodes]


def main() -> int:
    """Print what is wrong, a line each; 1 if anything is."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "secops_portal.settings")
    django.setup()
    plan = plan_of(MigrationLoader(None))
    found = findings(plan, lambda migration: migration.__module__.startswith("apps."))
    wrong = unargued(found, tomllib.loads(ARGUED.read_text()))
    print("\n".join(wrong) or f"{len(plan)} migrations read")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
