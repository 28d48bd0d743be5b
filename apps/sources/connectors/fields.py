"""Fields of a connector's configuration: declared once, read by form, API and page alike."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from apps.common.outgoing import OutgoingFailed
from apps.common.outgoing.policy import split

Kind = Literal["text", "url", "number", "choice", "flag"]
MAX_TEXT = 1000


@dataclass(frozen=True)
class Field:
    """pattern: a whole-text regular expression; low, high: bounds of a number."""

    name: str
    label: str
    kind: Kind = "text"
    required: bool = True
    default: str | int | bool = ""
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    pattern: str = ""
    low: int = 0
    high: int = 1_000_000

    def read(self, value: Any) -> str | int | bool:
        """The value as it is kept. Raises: ValueError with a sentence."""
        if self.kind == "flag":
            if not isinstance(value, bool):
                raise ValueError("Give true or false.")
            return value
        if self.kind == "number":
            return self._number(value)
        if not isinstance(value, str):
            raise ValueError("Give a text.")  # noqa: TRY004  # a value from a person, no type of ours
        return self._text(value.strip())

    def _number(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("Give a whole number.")  # noqa: TRY004
        if not self.low <= value <= self.high:
            raise ValueError(f"Give a number from {self.low} to {self.high}.")
        return value

    def _text(self, value: str) -> str:
        if not value:
            if self.required:
                raise ValueError("This is needed.")
            return ""
        if len(value) > MAX_TEXT or not value.isprintable():
            raise ValueError(f"At most {MAX_TEXT} printable characters.")
        if self.kind == "choice" and value not in dict(self.choices):
            raise ValueError(f"Choose one of {', '.join(dict(self.choices))}.")
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise ValueError(self.help or "This does not look right.")
        if self.kind == "url":
            try:
                split(value)
            except OutgoingFailed as error:
                raise ValueError(error.message) from None
        return value


def read_config(
    fields: Sequence[Field], given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The configuration with its defaults, and the problems by field."""
    config: dict[str, Any] = {}
    problems: dict[str, str] = {}
    known = {field.name for field in fields}
    for name in list(given)[:50]:
        if name not in known:
            problems[str(name)[:60]] = f"There is no such field. Known: {', '.join(sorted(known))}."
    for field in fields:
        value = given.get(field.name, field.default)
        try:
            config[field.name] = field.read(value)
        except ValueError as error:
            problems[field.name] = str(error)
    return config, problems
