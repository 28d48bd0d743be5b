"""Pages of many parts, most of which are empty most of the time."""

from functools import cached_property
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


class Parts:
    """Lists of a page, by name. One query says which of them have any rows, and only those are read.

    The lists are given as querysets, which may be sliced. `name in parts`: whether there are rows;
    `parts[name]`: the rows, read once.
    """

    def __init__(self, **lists: QuerySet[Any, Any]) -> None:
        self._lists = lists

    def __contains__(self, name: str) -> bool:
        return self._filled[name]

    def __getitem__(self, name: str) -> list[Any]:
        return list(self._lists[name]) if name in self else []

    @cached_property
    def _filled(self) -> dict[str, bool]:
        questions: dict[str, str] = {}
        params: list[Any] = []
        for name, rows in self._lists.items():
            try:
                sql, given = rows.query.exists().get_compiler(connection=connection).as_sql()
            except EmptyResultSet:  # nothing that the reader may see, or nothing asked for
                continue
            questions[name] = f"EXISTS ({sql})"
            params.extend(given)
        found: tuple[bool, ...] = ()
        if questions:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {', '.join(questions.values())}", params)
                found = cursor.fetchone()
        return dict.fromkeys(self._lists, False) | dict(zip(questions, found, strict=True))
