"""Pages of many parts, most of which are empty most of the time."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


class Parts:
    """Lists of a page, by name. One query says which of them have any rows, and only those are read.

    The lists are given as querysets, which may be sliced. `name in parts`: whether there are rows;
    `parts[name]`: the rows, read once. Of what is `counted` the same query gives the number:
    `parts.number(name)`; a slice says where counting stops.
    """

    def __init__(
        self,
        counted: Mapping[str, QuerySet[Any, Any]] | None = None,
        /,
        **lists: QuerySet[Any, Any],
    ) -> None:
        self._lists, self._counted = lists, counted or {}

    def __contains__(self, name: str) -> bool:
        return bool(self._filled[name])

    def __getitem__(self, name: str) -> list[Any]:
        return list(self._lists[name]) if name in self else []

    def number(self, name: str) -> int:
        return self._filled[name]

    @cached_property
    def _filled(self) -> dict[str, int]:
        questions: dict[str, str] = {}
        params: list[Any] = []
        asked = [(name, rows, False) for name, rows in self._lists.items()]
        asked += [(name, rows, True) for name, rows in self._counted.items()]
        for name, rows, is_counted in asked:
            try:
                sql, given = number_of(rows) if is_counted else _whether(rows)
            except EmptyResultSet:  # nothing that the reader may see, or nothing asked for
                continue
            questions[name] = sql
            params.extend(given)
        found: tuple[int, ...] = ()
        if questions:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {', '.join(questions.values())}", params)
                found = cursor.fetchone()
        return dict.fromkeys((*self._lists, *self._counted), 0) | dict(
            zip(questions, found, strict=True)
        )


def _whether(rows: QuerySet[Any, Any]) -> tuple[str, Sequence[Any]]:
    sql, given = rows.query.exists().get_compiler(rows.db).as_sql()
    return f"EXISTS ({sql})", given


def number_of(rows: QuerySet[Any, Any]) -> tuple[str, Sequence[Any]]:
    """How many rows there are, as a column of another query. Raises: EmptyResultSet."""
    sql, given = rows.values("pk").query.get_compiler(rows.db).as_sql()
    return f"(SELECT COUNT(*) FROM ({sql}) AS counted)", given  # noqa: S608  # a query that Django wrote
