"""Made-up migrations against the rules of bin/lint locks; what locks is told by PostgreSQL's own documentation."""

from typing import Any

import pytest
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import models
from django.db.migrations import Migration, operations
from django.db.migrations.operations.base import Operation
from django.db.models.functions import Now, Random

from bin._local.arguing import unargued
from bin._local.locks import Finding, findings

INDEX = models.Index(fields=["name"], name="by_name")
NOT_EMPTY = models.CheckConstraint(condition=~models.Q(name=""), name="not_empty")
ONCE = models.UniqueConstraint(fields=["name"], name="once")


def table() -> operations.CreateModel:
    return operations.CreateModel(
        "Boat",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("name", models.CharField(max_length=40)),
            ("note", models.TextField(null=True)),
            ("kinds", ArrayField(models.CharField(max_length=9, choices=[("a", "A")]))),
        ],
    )


def migration(name: str, *does: Operation, initial: bool | None = None) -> Migration:
    body = {"operations": list(does), "initial": initial}
    made: Migration = type("Made", (Migration,), body)(name, "harbour")
    return made


def rules_of(*plan: Migration) -> list[str]:
    return [each.rule for each in findings(plan, lambda _migration: True)]


def of_existing(*does: Operation) -> list[str]:
    return rules_of(migration("0001_initial", table()), migration("0002_more", *does))


def add(field: "models.Field[Any, Any]") -> Operation:
    return operations.AddField("boat", "extra", field)


def alter(name: str, field: "models.Field[Any, Any]") -> Operation:
    return operations.AlterField("boat", name, field)


def nothing(_apps: object, _schema_editor: object) -> None:
    pass


@pytest.mark.parametrize(
    ("operation", "rule"),
    [
        (operations.AddIndex("boat", INDEX), "index"),
        (add(models.IntegerField(default=0)), "not-null"),
        (add(models.FloatField(db_default=Random())), "rewrite"),
        (
            add(
                models.GeneratedField(
                    expression=models.F("id") + 1,
                    output_field=models.IntegerField(),
                    db_persist=True,
                )
            ),
            "rewrite",
        ),
        (add(models.IntegerField(null=True, db_index=True)), "field-index"),
        (add(models.ForeignKey("harbour.Boat", models.CASCADE, null=True)), "field-index"),
        (alter("name", models.TextField()), "alter"),
        (alter("name", models.CharField(max_length=39)), "alter"),
        (alter("name", models.CharField(max_length=40, unique=True)), "alter"),
        (alter("note", models.TextField()), "alter"),
        (alter("kinds", ArrayField(models.CharField(max_length=8))), "alter"),
        (operations.RenameField("boat", "name", "title"), "gone"),
        (operations.RemoveField("boat", "note"), "gone"),
        (operations.RenameModel("Boat", "Ship"), "gone"),
        (operations.DeleteModel("Boat"), "gone"),
        (operations.AlterModelTable("boat", "ships"), "gone"),
        (operations.AddConstraint("boat", NOT_EMPTY), "constraint"),
        (operations.AddConstraint("boat", ONCE), "constraint"),
        (operations.AlterUniqueTogether("boat", {("name", "note")}), "constraint"),
        (AddConstraintNotValid("boat", NOT_EMPTY), "unvalidated"),
        (operations.RunPython(nothing), "code"),
        (operations.RunSQL("SELECT 1"), "code"),
        (operations.SeparateDatabaseAndState([operations.RunSQL("SELECT 1")]), "code"),
        (operations.AlterOrderWithRespectTo("boat", "name"), "unknown"),
    ],
)
def test_a_migration_that_locks_or_breaks_the_running_release_is_refused(
    operation: Operation, rule: str
) -> None:
    assert of_existing(operation) == [rule]


@pytest.mark.parametrize(
    "operation",
    [
        AddIndexConcurrently("boat", INDEX),
        add(models.IntegerField(null=True)),
        add(models.IntegerField(db_default=0)),
        add(models.DateTimeField(db_default=Now())),
        add(models.ForeignKey("harbour.Boat", models.CASCADE, null=True, db_index=False)),
        add(models.ManyToManyField("harbour.Boat")),
        alter("name", models.CharField("said otherwise", max_length=40, choices=[("a", "A")])),
        alter("name", models.CharField(max_length=80, null=True)),
        alter("kinds", ArrayField(models.CharField(max_length=9, choices=[("b", "B")]))),
        operations.SeparateDatabaseAndState([], [operations.RemoveField("boat", "note")]),
    ],
)
def test_what_only_touches_the_catalogue_passes(operation: Operation) -> None:
    assert of_existing(operation) == []


def test_an_index_goes_away_concurrently() -> None:
    with_index = migration("0002_index", AddIndexConcurrently("boat", INDEX))
    plain = migration("0003_gone", operations.RemoveIndex("boat", "by_name"))
    concurrently = migration("0003_gone", RemoveIndexConcurrently("boat", "by_name"))
    first = migration("0001_initial", table())
    assert rules_of(first, with_index, plain) == ["index"]
    assert rules_of(first, with_index, concurrently) == []


def test_a_table_of_the_same_migration_is_free() -> None:
    made = [
        table(),
        operations.AddIndex("boat", INDEX),
        operations.AddConstraint("boat", NOT_EMPTY),
        add(models.IntegerField()),
        alter("note", models.TextField()),
    ]
    assert rules_of(migration("0001_initial", *made)) == []


def test_the_initial_migrations_of_an_app_are_one() -> None:
    second = operations.AddConstraint("boat", ONCE)
    first = migration("0001_initial", table(), initial=True)
    assert rules_of(first, migration("0002_initial", second, initial=True)) == []
    assert rules_of(first, migration("0002_later", second)) == ["constraint"]


def test_a_constraint_is_validated_by_a_later_migration() -> None:
    first = migration("0001_initial", table())
    added, valid = AddConstraintNotValid("boat", NOT_EMPTY), ValidateConstraint("boat", "not_empty")
    assert rules_of(first, migration("0002_a", added), migration("0003_b", valid)) == []
    assert rules_of(first, migration("0002_a", added, valid)) == ["constraint"]


def test_migrations_of_others_are_read_and_not_judged() -> None:
    plan = [migration("0001_initial", table()), migration("0002_x", operations.RunSQL("SELECT 1"))]
    assert findings(plan, lambda each: each.name == "0001_initial") == []


def test_an_argument_needs_a_reason_and_something_to_hold_for() -> None:
    found = [Finding("harbour.0002_more", "code", "Raw SQL operation")]

    def told(key: str, reason: str) -> dict[str, Any]:
        return {"argued": [{"findings": [key], "reason": reason}]}

    assert unargued(found, told("harbour.0002_more code", "It sets a comment.")) == []
    assert unargued(found, told("harbour.0002_more code", " ")) == [
        "harbour.0002_more code: argued without a reason"
    ]
    refused, stale = unargued(found, told("harbour.0002_more index", "It is small."))
    assert refused.startswith("harbour.0002_more code: Raw SQL operation: ")
    assert stale == "harbour.0002_more index: argued, and found no more"
