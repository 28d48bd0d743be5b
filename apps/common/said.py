"""Sentences of the domain in the reader's language.

Services and selectors refuse in English: the API answers with the same sentence whoever asks, and what
is stored (why a report failed, what a source answered) is read by people of either language. Pages
look the sentence up when they show it: `{{ error|said }}`. bin/messages finds the sentences by
themselves, as texts of the context "said"; what is filled in stands there as {0}, {1}.
"""

import functools
import re
from collections.abc import Iterator
from typing import Any

from django.utils import translation
from django.utils.formats import get_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext, trans_real

CONTEXT = "said"
_GAP = re.compile(r"\{\d\}")
_START = f"{CONTEXT}\x04"  # how gettext keeps a text with its context
_BETWEEN = re.compile(r"(?<=[.!?]) (?=[A-Z0-9])")
_DECIMAL = re.compile(r"\d+\.\d+")
LONGEST = 2000  # a longer text is no sentence of ours


def said(sentence: object) -> str:
    """The sentence, or several, in the reader's language; as it is, where nobody has translated it."""
    if isinstance(sentence, SafeString):  # a page's own words with a link in them
        return sentence
    text = str(sentence)
    if not text or len(text) > LONGEST:
        return text
    return _known(text) or _one_by_one(text) or _filled(text) or text


def _known(text: str) -> str:
    for found in (pgettext(CONTEXT, text), gettext(text)):
        if found != text:
            return found
    return ""


def _one_by_one(text: str) -> str:
    """Several sentences, where each is known: reasons are strung together."""
    parts = _BETWEEN.split(text)
    found = [_known(part) or _filled(part) for part in parts] if len(parts) > 1 else []
    return " ".join(found) if found and all(found) else ""


def _filled(text: str) -> str:
    """A sentence with something filled in; what is filled in may be known itself."""
    for pattern, template in _templates(translation.get_language() or ""):
        if match := pattern.fullmatch(text):
            gaps = (_known(gap) or _number(gap) or _filled(gap) or gap for gap in match.groups())
            return pgettext(CONTEXT, template).format(*gaps)
    return ""


def _number(text: str) -> str:
    mark = get_format("DECIMAL_SEPARATOR")
    return text.replace(".", mark) if _DECIMAL.fullmatch(text) else ""


@functools.cache
def _templates(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Sentences with gaps that the language has, those with most words of their own first."""
    with translation.override(language):
        known = [text for text in _texts() if pgettext(CONTEXT, text) != text]
    known.sort(key=lambda text: -len(_GAP.sub("", text)))
    return tuple((_pattern(text), text) for text in known)


def _texts() -> Iterator[str]:
    catalogue: Any = trans_real.catalog()  # the whole of it, as Django documents this function
    for key in catalogue._catalog.keys():  # noqa: SIM118, SLF001  # no mapping, though it has keys
        if isinstance(key, str) and key.startswith(_START) and _GAP.search(key):
            yield key.removeprefix(_START)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(re.escape(part) for part in _GAP.split(text)), re.DOTALL)
