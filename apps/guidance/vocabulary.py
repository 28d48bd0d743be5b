"""Words of the field that mean the same: those in vocabulary.txt, and those that the organisation adds."""

from functools import cache, lru_cache
from pathlib import Path

from apps.common.alike import Vocabulary
from apps.guidance.models import OwnVocabulary

_FILE = Path(__file__).with_name("vocabulary.txt")


def terms_on(line: str) -> tuple[str, ...]:
    """The terms of a line, which stand between commas."""
    return tuple(term.strip() for term in line.split(",") if term.strip())


@cache
def lines_given() -> tuple[str, ...]:
    """The lines that the portal brings."""
    lines = (line.strip() for line in _FILE.read_text(encoding="utf-8").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def own_words() -> OwnVocabulary:
    """The organisation's own lines, unsaved where it has none yet."""
    return OwnVocabulary.objects.first() or OwnVocabulary(pk=1)


def vocabulary() -> Vocabulary:
    """What means the same, today."""
    return _made_of(tuple(own_words().lines))


@lru_cache(maxsize=2)
def _made_of(own: tuple[str, ...]) -> Vocabulary:
    return Vocabulary([terms_on(line) for line in (*lines_given(), *own)])
