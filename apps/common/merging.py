"""Two people edited the same thing: what of it differs, field by field, and putting it together.

A form says in a hidden field what each of its fields held when it was read, as a short digest. So it is
known afterwards who changed what: where only one of them did, that one's text stands, and only what both
changed is asked about.
"""

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.common.ui.diff import DiffLine, diff_lines

MINE, THEIRS, BOTH = "mine", "theirs", "both"
Text = str | tuple[str, ...]  # as a browser sends it: one value, or several


@dataclass(frozen=True)
class Difference:
    """A field that both changed. choice: the name of what says which one is taken.

    mine, theirs: as people read them; lines: from theirs to mine, of a longer text; may_join: whether
    both can stand one after the other.
    """

    label: str
    choice: str
    mine: str
    theirs: str
    lines: tuple[DiffLine, ...]
    may_join: bool


class VersionInput(forms.HiddenInput):
    """The version that was read, and what the fields held then."""

    form: Any = None  # a VersionedForm; set by it

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        version = super().render(name, value, attrs, renderer)
        if self.form is None:
            return version
        read = self.form.read_now()
        return format_html('{}<input type="hidden" name="{}-read" value="{}">', version, name, read)


def digest(text: Text) -> str:
    return hashlib.sha256(repr(text).encode()).hexdigest()[:12]


def digests_read(told: str) -> dict[str, str]:
    """field: digest, of "title:0a1b2c,stage:..."; what is none is left out."""
    pairs = (part.partition(":") for part in told[:20_000].split(","))
    return {name: value for name, sign, value in pairs if sign}


def digests_told(texts: Mapping[str, Text]) -> str:
    return ",".join(f"{name}:{digest(text)}" for name, text in texts.items())


def text_of(field: forms.Field, value: Any) -> Text:
    """A field's value as a browser would send it back untouched."""
    if isinstance(field.widget, forms.CheckboxInput):
        return "on" if value else ""
    shown = field.widget.format_value(field.prepare_value(value))
    if isinstance(shown, list | tuple):
        return tuple(sorted("" if each is None else str(each) for each in shown if each))
    return "" if shown is None else "\n".join(str(shown).splitlines()).strip()


def words_of(field: forms.Field, text: Text) -> str:
    """As people read it: a choice by its label."""
    choices = {str(value): str(label) for value, label in getattr(field, "choices", [])}
    parts = (text,) if isinstance(text, str) else text
    return ", ".join(choices.get(part, part) for part in parts)


def difference(bound: forms.BoundField, choice: str, *, mine: Text, theirs: Text) -> Difference:
    is_long = isinstance(bound.field.widget, forms.Textarea)
    here, there = words_of(bound.field, mine), words_of(bound.field, theirs)
    return Difference(
        label=str(getattr(bound.field, "said_of", "") or bound.label),
        choice=choice,
        mine=here,
        theirs=there,
        lines=diff_lines(there, here) if is_long else (),
        may_join=may_join(bound.field, mine, theirs),
    )


def may_join(field: forms.Field, mine: Text, theirs: Text) -> bool:
    """Of a longer text, both can stand."""
    return isinstance(field.widget, forms.Textarea) and bool(mine) and bool(theirs)


def joined(theirs: str, mine: str) -> str:
    """Lines that both have once; where they differ, theirs and then mine."""
    old, new = theirs.splitlines(), mine.splitlines()
    lines: list[str] = []
    for kind, start, end, begin, stop in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        lines += old[start:end]
        if kind == "replace":
            lines.append("")  # two paragraphs, as Markdown has them
        lines += new[begin:stop] if kind != "equal" else []
    return "\n".join(lines)


def put(data: Any, name: str, field: forms.Field, text: Text) -> None:
    """Into a copy of what a browser sent."""
    if isinstance(field.widget, forms.CheckboxInput):
        data.pop(name, None)
        if text:
            data[name] = "on"
    elif isinstance(text, str):
        data[name] = text
    else:
        data.setlist(name, list(text))
