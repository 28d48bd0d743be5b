"""Walking decoded JSON that may be of any shape: what is missing or of another type is empty."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Raw

from apps.scans.formats.decode import loose, warn
from apps.scans.formats.headway import passed
from apps.scans.formats.masking import scrub
from apps.scans.formats.text import plain, scored
from apps.scans.formats.types import FormatError

Step = str | int


class Node:
    """A value and the way down into it. Never raises.

    >>> Node({"a": [{"b": 1}]}).text("a", 0, "b")
    '1'
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return bool(self.value)

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def at(self, *path: Step) -> "Node":
        value = self.value
        for step in path:
            if isinstance(step, str):
                value = value.get(step) if isinstance(value, dict) else None
            else:
                value = value[step] if isinstance(value, list) and len(value) > step else None
        return Node(value)

    def text(self, *path: Step) -> str:
        """A scalar as clean text; a list of scalars joined by commas; "" for anything else."""
        return plain(self.at(*path).value)

    def first(self, *names: str) -> str:
        """The first of these members that has a text."""
        return next((text for name in names if (text := self.text(name))), "")

    def texts(self, *path: Step) -> list[str]:
        """The non-empty scalars of a list, or a scalar as the only one."""
        value = self.at(*path).value
        found = value if isinstance(value, list) else [value]
        return [text for item in found if (text := plain(item))]

    def items(self, *path: Step) -> list["Node"]:
        """The elements of a list; an object where a list is due is its only element."""
        value = self.at(*path).value
        if isinstance(value, dict):
            return [Node(value)]
        return [Node(item) for item in value] if isinstance(value, list) else []

    def objects(self, *path: Step) -> list["Node"]:
        return [item for item in self.items(*path) if isinstance(item.value, dict)]

    def members(self, *path: Step) -> dict[str, "Node"]:
        value = self.at(*path).value
        return {plain(k): Node(v) for k, v in value.items()} if isinstance(value, dict) else {}

    def number(self, *path: Step) -> float | None:
        return scored(self.at(*path).value)

    def flag(self, *path: Step) -> bool:
        return (
            self.at(*path).value in {True, "true", "True", "yes"}
            if self.is_scalar(*path)
            else False
        )

    def is_scalar(self, *path: Step) -> bool:
        return isinstance(self.at(*path).value, str | int | float | bool)


def nodes(
    raws: Iterable[Raw], warnings: list[str], where: str = ""
) -> Iterator[tuple[Node, bytes]]:
    """Each record, decoded, with its raw copy, both without credentials of well-known shape.

    What is no object is left out with a warning. Raises FormatError while iterating.
    """
    for index, raw in enumerate(raws):
        record = scrub(bytes(raw))
        passed(len(record))
        node = Node(loose(record, f"{where}/{index}"))
        if isinstance(node.value, dict):
            yield node, record
        else:
            warn(warnings, f"{where}/{index} is no object and was left out.")


def value_nodes(
    found: Iterable[tuple[str, Raw]], warnings: list[str], needed: tuple[str, ...] = ()
) -> Iterator[tuple[Node, bytes]]:
    """`nodes`, for records that know where they are (decode.values).

    needed: members of which a record must have one. Raises FormatError (wrong-type) at the end if
    there were values and none was such a record.
    """
    good, bad = 0, ""
    for place, raw in found:
        record = scrub(bytes(raw))
        passed(len(record))
        node = Node(loose(record, place))
        if isinstance(node.value, dict) and (not needed or any(name in node for name in needed)):
            good += 1
            yield node, record
        else:
            bad = bad or place
            warn(warnings, f"{place} is no record of this format and was left out.")
    if bad and not good:
        raise FormatError("wrong-type", "Nothing in it is a record of this format.", bad)


def header(members: Mapping[str, Raw], *names: str) -> Node:
    """These members of a report's root, decoded; the long arrays beside them stay as they are."""
    return Node({name: loose(scrub(bytes(members[name]))) for name in names if name in members})
