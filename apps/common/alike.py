"""How much a text says of what somebody typed: ideas instead of words, rare ones before common ones.

What is typed is read as ideas: a word, or a term of the vocabulary with all that means the same ("CDN": content
delivery network, edge cache). PostgreSQL says how well a text says each of them, stemmed; the rest is arithmetic here.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQuery
from django.db.models import F, FloatField, Func, TextField, Value
from django.db.models.expressions import Combinable

LANGUAGE = "english"  # whose stems the texts are searched by
OF_THE_FIELD = 1.6  # what a word of the vocabulary counts, where any other counts 1
OTHER = 0.7  # what a synonym counts, where the typed word itself counts 1
MOST_IDEAS = 40  # of what was typed; more would be slow and say no more
MOST_TERMS = 160
MOST_WORDS = 8  # of a term: each place of what is typed is tried with as many
MOST_READ = 2000  # words of what was typed
UNSOUGHT = "~"
SHORTEST = 3  # letters of a word outside the vocabulary
FEWEST_TEXTS = 30  # rarity among fewer texts means nothing: as if there were so many
CWE = re.compile(r"\bcwe[\s-]?(\d{1,6})\b", re.IGNORECASE)
_PART = re.compile(r"[^\W_]+")
# Words of every title of a plan: they would suggest everything.
_PLAIN_TEXT = """
able add all allow also and another any app are build but can change choose could data does each every find first
for from get give had has have how into its keep know less let like make may more most move much must need new not
now off old one only onto open other our out over own part people put reach receive run see send service set should
show some start stop store system take than that the their them then there these they thing this those through
under update use user using very want was way week were what when where which while who why will with without work
would year month day you your
"""
_PLAIN = frozenset(_PLAIN_TEXT.split())


@dataclass(frozen=True)
class Idea:
    """One thing that was typed, and the terms that mean the same; those make it a word of the field."""

    said: str
    others: tuple[str, ...] = ()
    # False: what was typed is understood, and only the others are looked for.
    is_sought: bool = True

    @property
    def terms(self) -> tuple[str, ...]:
        return (self.said, *self.others) if self.is_sought else self.others

    @property
    def weight(self) -> float:
        return OF_THE_FIELD if self.others else 1.0


class Vocabulary:
    """Which terms mean the same. groups: each a line of terms; a term of several lines has the others of all.

    A term with a tilde (~from a link) is understood where it is typed, and is not looked for: its words say too
    little alone.
    """

    def __init__(self, groups: Iterable[Sequence[str]]) -> None:
        self._others: dict[tuple[str, ...], dict[str, None]] = {}
        self._understood: set[tuple[str, ...]] = set()
        for group in groups:
            plain = {term: _parts(term) for term in group if _parts(term)}
            sought = [parts for term, parts in plain.items() if not term.startswith(UNSOUGHT)]
            self._understood |= {each for each in plain.values() if each not in sought}
            for parts in plain.values():
                others = {" ".join(each): None for each in sought if each != parts}
                self._others.setdefault(parts, {}).update(others)
        self._longest = min(max(map(len, self._others), default=1), MOST_WORDS)

    @property
    def words(self) -> set[str]:
        """Every single word that it knows, for who mistypes one."""
        return {part for parts in self._others for part in parts}

    def ideas(self, text: str) -> list[Idea]:
        """What a text says, each once, at most MOST_IDEAS. The longest term that begins at a word is meant."""
        parts, found, at = _parts(text)[:MOST_READ], dict[str, Idea](), 0
        while at < len(parts) and len(found) < MOST_IDEAS:
            idea, length = self._idea_at(parts, at)
            if idea:
                found.setdefault(idea.said, idea)
            at += length
        return list(found.values())

    def _idea_at(self, parts: Sequence[str], at: int) -> tuple[Idea | None, int]:
        for length in range(min(self._longest, len(parts) - at), 0, -1):
            for term in _singular(tuple(parts[at : at + length])):
                if others := self._others.get(term):
                    said, is_sought = (
                        " ".join(parts[at : at + length]),
                        term not in self._understood,
                    )
                    return Idea(said, tuple(others), is_sought), length
        word = parts[at]
        is_word = len(word) >= SHORTEST and not word.isdigit() and word not in _PLAIN
        return (Idea(word) if is_word else None), 1


def _parts(text: str) -> tuple[str, ...]:
    """The words of a text in lower case; "CWE-79" is the one word cwe79, as texts are indexed."""
    return tuple(part[:40] for part in _PART.findall(CWE.sub(r"cwe\1", text).lower()))


def _singular(term: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The term, and its last word as one, where it may be several."""
    *before, last = term
    if len(last) <= SHORTEST or not last.endswith("s"):
        return [term]
    return [term, (*before, f"{last[:-3]}y" if last.endswith("ies") else last[:-1])]


def terms_of(ideas: Sequence[Idea]) -> list[str]:
    """All terms of the ideas, in their order; those that were typed are there, whatever their number."""
    said = [each.said for each in ideas if each.is_sought]
    others = [term for each in ideas for term in each.others if term not in said]
    return list(dict.fromkeys([*said, *others]))[:MOST_TERMS]


def any_of(terms: Sequence[str]) -> SearchQuery:
    """The query for texts that say one of the terms. They are words and blanks, as _parts leaves them."""
    words = " or ".join(f'"{term}"' for term in terms)
    return SearchQuery(words, search_type="websearch", config=LANGUAGE)


class _Queries(Func):
    """Terms as an array of queries; asked once, not once a row, since no row is in it."""

    template = (
        "(SELECT array_agg(phraseto_tsquery('%(language)s', said) ORDER BY number)"
        " FROM unnest(%(expressions)s) WITH ORDINALITY AS each (said, number))"
    )
    output_field = ArrayField(TextField())


class Hits(Func):
    """How well a text says each term, in their order: PostgreSQL's rank, 0 where it does not say it."""

    template = (
        "ARRAY(SELECT CASE WHEN given.vector @@ asked.query"
        " THEN ts_rank(given.vector, asked.query) ELSE 0 END"
        " FROM (SELECT %(expressions)s OFFSET 0) AS given (vector, queries),"
        " unnest(given.queries) WITH ORDINALITY AS asked (query, number) ORDER BY asked.number)"
    )
    output_field = ArrayField(FloatField())

    def __init__(self, vector: Combinable | F, terms: Sequence[str], **extra: Any) -> None:
        asked = Value(list(terms), output_field=ArrayField(TextField()))
        queries = _Queries(asked, language=LANGUAGE)
        super().__init__(vector, queries, **extra)


@dataclass(frozen=True)
class Fit:
    """score: adds up what is said, rare ideas more. share: how much of what was typed is said, 0 to 1.
    said: how many ideas of it. is_of_field: whether one of those is a word of the vocabulary."""

    score: float
    share: float
    said: int
    is_of_field: bool


def fits(hits: Mapping[int, Sequence[float]], ideas: Sequence[Idea], total: int) -> dict[int, Fit]:
    """How well each text fits, those that say something. hits: by number of the text, as Hits says them.

    total: of how many texts. Rarity as in Robertson and Spärck Jones' weight of BM25:
    ln(1 + (N - n + 0.5) / (n + 0.5)), of N texts n say the idea.
    """
    place = {term: number for number, term in enumerate(terms_of(ideas))}
    strengths = {pk: [_strength(each, place, row) for each in ideas] for pk, row in hits.items()}
    said_by = [sum(row[at] > 0 for row in strengths.values()) for at in range(len(ideas))]
    texts = max(total, FEWEST_TEXTS)
    rarity = [
        each.weight * math.log(1 + (texts - number + 0.5) / (number + 0.5))
        for each, number in zip(ideas, said_by, strict=True)
    ]
    whole = sum(rarity) or 1.0
    return {
        pk: Fit(
            score=sum(each * rare for each, rare in zip(row, rarity, strict=True)),
            share=sum(rare for each, rare in zip(row, rarity, strict=True) if each) / whole,
            said=sum(each > 0 for each in row),
            is_of_field=any(
                each > 0 and idea.others for each, idea in zip(row, ideas, strict=True)
            ),
        )
        for pk, row in strengths.items()
        if any(row)
    }


def _strength(idea: Idea, place: Mapping[str, int], row: Sequence[float]) -> float:
    """Of the term that the text says best."""
    others = [OTHER * row[place[term]] for term in idea.others if term in place]
    return max([row[place[idea.said]] if idea.is_sought else 0.0, *others])
