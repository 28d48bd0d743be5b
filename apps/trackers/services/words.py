"""Words of an issue as a planning item holds them. SECURITY: whoever writes issues writes these."""

import re
from typing import NamedTuple

from apps.trackers.clients.types import Seen
from apps.trackers.selectors import unbroken

LONGEST_TITLE, LONGEST_TEXT = 200, 20_000  # as an item's form takes them
# What no text of people holds: controls, halves of characters, and marks that turn the direction.
_ODD = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff]"
)


class Words(NamedTuple):
    title: str
    text: str


def words_of(seen: Seen) -> Words:
    """Both cut to what fits, said by an ellipsis; an issue without a title is called by its key."""
    title = " ".join(_ODD.sub("", seen.title).split()) or seen.key
    text = unbroken(_ODD.sub("", seen.text.replace("\r\n", "\n").replace("\r", "\n")))
    return Words(_cut(title, LONGEST_TITLE), _cut(text, LONGEST_TEXT))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
