"""The settings page, line by line: what each setting does, and how it stands now.

Each app says its own lines (settings.SECOPS_SETTING_LINES), for what one person may see; what they want
to know of the database is asked in one query, however many lines there are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.utils.module_loading import import_string
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from apps.common.parts import number_of

Facts = Mapping[str, Any]


class Group(models.TextChoices):
    """In the order in which they stand on the page."""

    MINE = "mine", _("Yours")
    PEOPLE = "people", _("People and access")
    EVIDENCE = "evidence", _("Evidence")
    VALUES = "values", _("Values and expectations")
    OUTSIDE = "outside", _("To the outside")
    RECORDS = "records", _("Records")
    OPERATOR = "operator", _("Set by the operator")


@dataclass(frozen=True)
class Stand:
    """How a setting stands, in a few words. tone: of the design system; "bad" or "warn" wants somebody."""

    text: str
    tone: str = "neutral"


@dataclass(frozen=True)
class Many:
    """A fact: how many rows there are."""

    rows: models.QuerySet[Any, Any]


@dataclass(frozen=True)
class One:
    """A fact: a field of the first row; None where there is none."""

    rows: models.QuerySet[Any, Any]
    field: str


@dataclass(frozen=True)
class Line:
    """A setting. about: one sentence. words: what else people call it. facts: what `stand` is told of.

    url: "" where it is no page, such as what `control` names (a part of advice/settings.html) or a
    `variable` of the environment.
    """

    group: Group
    label: str
    about: str
    icon: str
    url: str
    stand: Callable[[Facts], Stand]
    facts: Mapping[str, Many | One] = field(default_factory=dict)
    words: str = ""
    control: str = ""
    variable: str = ""

    def is_meant(self, text: str) -> bool:
        said = f"{self.label} {self.about} {self.words} {self.variable}".lower()
        return all(word in said for word in text.lower().split())


def some(number: int, told: str) -> str:
    """A text with "%(n)d" in it; nothing of nothing."""
    return told % {"n": number} if number else ""


def listed(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def running(told: str, facts: Facts, *more: str) -> Stand:
    """Of things that run or do not, by the facts all, paused and failing. told: how many there are."""
    if not facts["all"]:
        return Stand(gettext("None"))
    failing, paused = facts["failing"], facts["paused"]
    return Stand(
        listed(
            told % {"n": facts["all"]},
            some(failing, ngettext("%(n)d failing", "%(n)d failing", failing)),
            some(paused, ngettext("%(n)d paused", "%(n)d paused", paused)),
            *more,
        ),
        "bad" if failing else "neutral" if paused == facts["all"] else "good",
    )


class Source(Protocol):
    """viewer: an Actor (apps/accounts/actors.py), which this module does not know."""

    def __call__(self, viewer: Any) -> Iterable[Line]: ...


@cache
def _sources() -> tuple[Source, ...]:
    return tuple(import_string(path) for path in settings.SECOPS_SETTING_LINES)


def lines_for(viewer: Any, text: str = "") -> list[tuple[Line, Stand]]:
    """What a viewer may see of the settings that a text means, in the order of their groups, as they stand."""
    order = list(Group)
    found = [line for source in _sources() for line in source(viewer) if line.is_meant(text)]
    found.sort(key=lambda line: order.index(line.group))
    return [(line, line.stand(facts)) for line, facts in zip(found, _answers(found), strict=True)]


def _answers(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The facts of each line, by one query."""
    columns: list[str] = []
    params: list[Any] = []
    answers = [dict.fromkeys(line.facts) for line in lines]
    places: list[tuple[dict[str, Any], str, Many | One]] = []
    for answer, line in zip(answers, lines, strict=True):
        for name, fact in line.facts.items():
            try:
                sql, given = _sql(fact)
            except EmptyResultSet:  # nothing that the viewer may see
                answer[name] = 0 if isinstance(fact, Many) else None
                continue
            columns.append(sql)
            params.extend(given)
            places.append((answer, name, fact))
    if columns:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(columns)}", params)
            for (answer, name, fact), value in zip(places, cursor.fetchone(), strict=True):
                answer[name] = _converted(fact, value)
    return answers


def _converted(fact: Many | One, value: Any) -> Any:
    """As the model would give it: PostgreSQL's JSON comes as text."""
    if isinstance(fact, One) and value is not None:
        column = fact.rows.model._meta.get_field(fact.field)  # noqa: SLF001  # public in practice
        for convert in column.get_db_converters(connection):
            value = convert(value, None, connection)
    return value


def _sql(fact: Many | One) -> tuple[str, Sequence[Any]]:
    """Raises: EmptyResultSet."""
    if isinstance(fact, Many):
        return number_of(fact.rows.order_by())
    first = fact.rows.values(fact.field)[:1]
    sql, given = first.query.get_compiler(first.db).as_sql()
    return f"({sql})", given
