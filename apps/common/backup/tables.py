"""Tables as they are copied out and in: which, with which columns, in which order."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, cast

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from psycopg2 import sql

# Signed-in browsers are not brought back to life; migrations belong to the schema.
LEFT_OUT = frozenset({"django_session", "accounts_personsession", "django_migrations"})
# What `migrate` itself fills in an empty database.
MADE_BY_MIGRATE = frozenset(
    {"django_content_type", "auth_permission", "django_celery_beat_periodictasks"}
)
_TABLES = """
SELECT c.relname,
       array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''),
       (SELECT array_agg(k.attname ORDER BY array_position(i.indkey::int2[], k.attnum))
          FROM pg_index i JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = ANY (i.indkey)
         WHERE i.indrelid = c.oid AND i.indisprimary)
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind = 'r'
 GROUP BY c.oid, c.relname
 ORDER BY c.relname
"""


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[str, ...]  # without those that PostgreSQL computes
    key: tuple[str, ...]

    def _columns(self) -> sql.Composable:
        return sql.SQL(", ").join(map(sql.Identifier, self.columns))

    def copy_out(self) -> sql.Composed:
        order = sql.SQL(", ").join(map(sql.Identifier, self.key or self.columns))
        return sql.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT").format(
            self._columns(), sql.Identifier(self.name), order
        )

    def copy_in(self, columns: tuple[str, ...]) -> sql.Composed:
        named = sql.SQL(", ").join(map(sql.Identifier, columns))
        return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(self.name), named)


@dataclass
class Counted:
    """Passes bytes on, and counts lines and hashes on the way: one line is one row."""

    target: IO[bytes] | None = None
    source: IO[bytes] | None = None

    def __post_init__(self) -> None:
        self.rows = 0
        self._digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._take(data)
        return self.target.write(data) if self.target else len(data)

    def read(self, size: int = -1) -> bytes:
        data = self.source.read(size) if self.source else b""
        self._take(data)
        return data

    def _take(self, data: bytes) -> None:
        self.rows += data.count(b"\n")
        self._digest.update(data)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def tables() -> list[Table]:
    """All that are kept, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        rows = cursor.fetchall()
    return [
        Table(name, tuple(columns), tuple(key or ()))
        for name, columns, key in rows
        if name not in LEFT_OUT
    ]


def migrations() -> list[list[str]]:
    """[app, name] of every migration that made the tables, sorted; empty where there are none."""
    return sorted([app, name] for app, name in MigrationRecorder(connection).applied_migrations())


def copied(table: Table, target: IO[bytes] | None = None) -> Counted:
    """Copy a table out; without a target only count and hash it."""
    counted = Counted(target=target)
    with raw_cursor() as cursor:
        cursor.copy_expert(table.copy_out(), counted)
    return counted


@contextmanager
def raw_cursor() -> Iterator[Any]:
    """psycopg2's own cursor, which knows COPY; Django's wraps it."""
    with connection.cursor() as wrapper:
        yield cast("Any", wrapper).cursor
