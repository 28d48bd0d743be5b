"""Several lists of different things, read by one query."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler


def read_together(**lists: QuerySet[Any, Any]) -> dict[str, list[Any]]:
    """The rows of each queryset, by its name, as `list()` would give them; each should be sliced.

    For a page that shows a few of many kinds: the round trips, and Django's work on each, cost more than the rows.
    """
    parts = {name: _Part(name, rows) for name, rows in lists.items()}
    asked = [part for part in parts.values() if part.sql]
    if asked:
        with connection.cursor() as cursor:
            cursor.execute(_side_by_side(asked), list(chain.from_iterable(p.params for p in asked)))
            columns, rows = [column.name for column in cursor.description], cursor.fetchall()
        for part in asked:
            part.take(rows, columns.index(part.place))
    return {name: part.objects() for name, part in parts.items()}


class _Part:
    """A queryset with its SQL, and then its rows. sql: empty where the filter can find nothing."""

    def __init__(self, name: str, rows: QuerySet[Any, Any]) -> None:
        self.place = f"place in {name}"  # a column that no table has
        self.sql, self.params = "", ()
        self._rows, self._found = rows.all(), list[Sequence[Any]]()
        self._compiler: SQLCompiler = self._rows.query.get_compiler(rows.db)
        try:
            self.sql, self.params = self._compiler.as_sql(with_col_aliases=True)
        except EmptyResultSet:
            return

    def take(self, rows: Sequence[Sequence[Any]], first: int) -> None:
        """Keep this list's columns of the joined rows, in its order; `first` is the one that says the place."""
        own = sorted((row for row in rows if row[first] is not None), key=lambda row: row[first])
        last = first + len(self._compiler.select)
        self._found = [row[first + 1 : last + 1] for row in own]

    def objects(self) -> list[Any]:
        """What Django makes of rows that its compiler reads; this one finds them read."""
        self._compiler.execute_sql = lambda *_args, **_options: [self._found]  # type: ignore[method-assign, assignment]
        self._rows.query.get_compiler = lambda *_args, **_options: self._compiler  # type: ignore[method-assign]
        return list(self._rows) if self._found else []


def _side_by_side(parts: Sequence[_Part]) -> str:
    """Every row of every list in columns of its own, with NULL in those of the others.

    A union would want one type for each column; a join of nothing with nothing leaves each its own.
    """
    numbered = [
        f'(SELECT ROW_NUMBER() OVER () AS "{part.place}", listed.* FROM ({part.sql}) listed) part{number}'  # noqa: S608  # queries that Django wrote
        for number, part in enumerate(parts)
    ]
    joined = " FULL JOIN ".join([numbered[0], *(f"{each} ON FALSE" for each in numbered[1:])])
    return f"SELECT * FROM {joined}"  # noqa: S608  # the same
