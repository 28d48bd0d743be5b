"""Which word somebody meant who mistyped one: the closest of those that are known."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from functools import reduce
from operator import or_

from django.db.models import Q

LEAST = 0.72  # of difflib's ratio, where 1 is the same: a letter of four is wrong, two are swapped
SLIP = 0.84  # of the same ratio: two letters of ten are wrong
SHORTEST = 4  # letters; shorter words are a letter away from half the language
MOST = 6  # words of a text that are looked at
LEAST_HALF = 3  # letters of half a word; two are in every text
MOST_TEXTS = 200  # with half a word: so many are looked at for the word that was meant
_WORD = re.compile(rf"\b[^\W\d_]{{{SHORTEST},40}}\b")


def words_in(text: str) -> list[str]:
    """The words of a text that can be put right, in lower case, each once."""
    return list(dict.fromkeys(word.lower() for word in _WORD.findall(text)))[:MOST]


def all_words(text: str) -> list[str]:
    """Every word of a text that may be meant."""
    return _WORD.findall(text)


def close_to(field: str, words: Iterable[str]) -> Q:
    """Rows whose text has a half of one of these words: a slip seldom spoils both.

    The indexes of trigrams answer it, where there are any; their own similarity asks for closer ones.
    """
    halves = {
        half for word in words for half in (word[: len(word) // 2], word[-(len(word) // 2) :])
    }
    whole = {half for half in halves if len(half) >= LEAST_HALF}
    return reduce(or_, (Q(**{f"{field}__icontains": half}) for half in sorted(whole)), Q(pk=None))


def put_right(text: str, known: Iterable[str]) -> str:
    """The text with each of its words that is not known as the closest one that is.

    A word that begins a known one counts as meant: people search while they type. What is close to
    nothing stays, and so does all that is no word.
    """
    words = {word.lower() for word in known}
    meant = {typed: _closest(typed, words) for typed in words_in(text) if typed not in words}
    return _WORD.sub(lambda found: meant.get(found[0].lower(), found[0]), text)


def slips_mended(text: str, known: Iterable[str]) -> str:
    """As put_right, of a text that is no search: only whole words, and only slips of the finger."""
    words = {word.lower() for word in known}
    closest = {
        typed: get_close_matches(typed, sorted(words), n=1, cutoff=SLIP)
        for typed in words_in(text)
        if typed not in words
    }
    return _WORD.sub(lambda found: (closest.get(found[0].lower()) or [found[0]])[0], text)


def _closest(typed: str, known: set[str]) -> str:
    longer = [word for word in known if word.startswith(typed)]
    if longer:
        return min(longer, key=lambda word: (len(word), word))
    ratios = ((SequenceMatcher(None, typed, word).ratio(), word) for word in sorted(known))
    ratio, word = max(ratios, default=(0.0, typed), key=lambda each: each[0])
    return word if ratio >= LEAST else typed
