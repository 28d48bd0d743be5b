"""The columns of the list of findings: which there are, and what of a CSV holds what each shows.

The finding itself (title, rule, place) always stands there; the others are chosen, in this order.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Of the cell that is always there: title, rule, place and what is known of its exploitation.
ALWAYS = ("id", "title", "rule", "place", "known_exploited", "epss", "url")


@dataclass(frozen=True)
class Column:
    name: str
    label: str | Promise
    file: str  # its name in the CSV
    css: str = ""

    @property
    def is_at_end(self) -> bool:
        """It stands at the end of its cell, as ages do."""
        return "end" in self.css.split()


COLUMNS = {
    column.name: column
    for column in (
        Column("severity", _("Severity"), "severity", "fit"),
        Column("system", _("System"), "system"),
        Column("stage", _("Stage"), "stage"),
        Column("tool", _("Tool"), "tool", "extra"),
        Column("branch", _("Branch"), "branch", "break"),
        Column("environment", _("Environment"), "environment"),
        Column("weaknesses", _("Weaknesses"), "weaknesses"),
        Column("vulnerabilities", _("Vulnerabilities"), "vulnerabilities", "break"),
        Column("package", _("Package"), "package", "break"),
        Column("owner", _("Owner"), "owner"),
        Column("tags", _("Tags"), "tags"),
        Column("annual_loss", _("At stake"), "annual_loss", "end fit"),
        Column("state", _("State"), "state", "fit state"),
        Column("first_seen", _("First seen"), "first_seen_at", "end fit extra"),
    )
}
STANDARD = ("severity", "system", "stage", "tool", "state", "first_seen")
OF_ONE_SERIES = ("severity", "state", "first_seen")


@dataclass(frozen=True)
class Layout:
    """What a table of findings shows beside the finding itself: the severity before it, the rest behind."""

    has_severity: bool
    columns: tuple[Column, ...]


def laid_out(names: Collection[str]) -> Layout:
    """Of columns that are known, for one reader: labels are in words here, once and not in each row."""
    behind = (COLUMNS[name] for name in names if name != "severity")
    columns = tuple(replace(column, label=str(column.label)) for column in behind)
    return Layout("severity" in names, columns)


def known(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that are columns, each once, in the order of the list."""
    wanted = set(names)
    return tuple(name for name in COLUMNS if name in wanted)


def of_address(text: str) -> tuple[str, ...]:
    """The columns that "severity,state" asks for; none where nothing of it is a column."""
    return known(text.split(","))


def file_columns(names: Iterable[str]) -> tuple[str, ...]:
    """The columns of a CSV that hold exactly what the list shows with these."""
    return ALWAYS + tuple(COLUMNS[name].file for name in names)
