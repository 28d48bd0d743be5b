"""Reading and searching the library."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.postgres.search import (
    SearchHeadline,
    SearchQuery,
    SearchRank,
    SearchVector,
    TrigramWordSimilarity,
)
from django.db.models import (
    Case,
    Count,
    F,
    FloatField,
    Func,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Greatest

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.common.closeness import put_right, words_in
from apps.common.errors import Missing
from apps.guidance.models import (
    SEARCH_LANGUAGE,
    Guidance,
    GuidanceState,
    GuidanceText,
    GuidanceVersion,
    GuidanceVote,
    GuidanceWord,
)

# What SearchHeadline puts around a hit: characters that no text holds; a template filter makes
# <mark> of them.
HIT_START, HIT_END = "\ue000", "\ue001"
_CWE = re.compile(r"cwe[- ]?(\d{1,6})", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_][\w]{2,30}")
# Words of every title of a plan: they would suggest the whole library.
_PLAIN_TEXT = """
able add all allow also another any app build can change choose data each every find first for
from get give have help how into keep know less let like make more most move much need new now off
old one only onto open other our out over own part people put reach receive run see send service set
should show some start stop store system take than that their them then there these thing this those
through under update use user using very want way week what when where which while who why will with
without work would year month day you your
"""
_PLAIN = frozenset(_PLAIN_TEXT.split())
MOST_WORDS = 60  # of what was typed; PostgreSQL reads a query of so many at once
SUGGESTED = 4
CLOSE = 0.4  # of the best one's fit
LEAST_FIT = 0.35  # a word of a title has 0.61, of its technologies 0.24, of the summary 0.12
TYPO_TOLERANCE = 0.45  # word similarity from which a title counts as meant


@dataclass(frozen=True)
class Filter:
    """What a reader asked the library for; empty fields ask for nothing."""

    text: str = ""
    stage: str = ""
    technology: str = ""
    cwe: int | None = None


def guidance_list(viewer: Actor, wanted: Filter = Filter()) -> QuerySet[Guidance]:
    """The library, best hit first where a text was searched, else by title.

    Full text with stemming, and word similarity of titles for typing errors. Annotates `rank` (0: no
    full text), `title_hits`, `headline` (the summary) and `excerpt` (of the body) with their hits marked.
    Those who write search the working texts; everybody else what is published, so that no filter
    and no hit tells them of a draft.
    """
    found = (
        Guidance.objects.visible_to(viewer).select_related("current", "created_by").defer("search")
    )
    texts = "" if writes(viewer) else "current__"
    if wanted.stage:
        found = found.filter(**{f"{texts}stages__contains": [wanted.stage]})
    if wanted.technology:
        found = found.filter(**{f"{texts}technologies__contains": [wanted.technology]})
    if wanted.cwe is not None:
        found = found.filter(**{f"{texts}cwes__contains": [wanted.cwe]})
    if text := wanted.text.strip():
        return _searched(found, text, texts)
    return found.order_by(f"{texts}title", "pk")


def writes(viewer: Actor) -> bool:
    """Whether the viewer may write guidance, and so read its working texts."""
    return Permission.GUIDANCE_EDIT in viewer.organisation_grant


def text_for(viewer: Actor, guidance: Guidance) -> GuidanceText:
    """What the list shows the viewer: the working text for writers, else what is published."""
    return guidance if guidance.current is None or writes(viewer) else guidance.current


def _searched(found: QuerySet[Guidance], text: str, texts: str) -> QuerySet[Guidance]:
    query = SearchQuery(text, search_type="websearch", config=SEARCH_LANGUAGE)
    matches = Q(vector=query) | Q(similarity__gt=TYPO_TOLERANCE)
    if cwe := _CWE.fullmatch(text):
        matches |= Q(**{f"{texts}cwes__contains": [int(cwe.group(1))]})
    return (
        found.annotate(
            vector=_published_vector() if texts else F("search"),
            rank=SearchRank(F("vector"), query),
            similarity=TrigramWordSimilarity(text, f"{texts}title"),
            title_hits=_marked_whole(f"{texts}title", query),
            headline=_marked_whole(f"{texts}summary", query),
            excerpt=SearchHeadline(
                f"{texts}body",
                query,
                config=SEARCH_LANGUAGE,
                start_sel=HIT_START,
                stop_sel=HIT_END,
                max_fragments=1,
                max_words=26,
                min_words=12,
            ),
        )
        .filter(matches)
        .annotate(score=Greatest(F("rank") * Value(2.0), F("similarity")))
        .order_by("-score", "title")
    )


def _marked_whole(field: str, query: SearchQuery) -> SearchHeadline:
    return SearchHeadline(
        field,
        query,
        config=SEARCH_LANGUAGE,
        start_sel=HIT_START,
        stop_sel=HIT_END,
        highlight_all=True,
    )


@dataclass(frozen=True)
class Sought:
    """What a search found. instead: the words that were meant, where nothing says those that were typed."""

    pieces: list[Guidance]
    instead: str = ""


def guidance_sought(viewer: Actor, wanted: Filter, most: int, *, as_typed: bool = False) -> Sought:
    """As guidance_list, at most so many; where no text says what was typed, with the closest words.

    as_typed: the reader insists.
    """
    pieces = list(guidance_list(viewer, wanted)[:most])
    text = wanted.text.strip()
    if as_typed or not text or is_said(pieces) or _CWE.fullmatch(text):
        return Sought(pieces)
    meant = put_right(text, words_near(viewer, words_in(text)))
    if meant == text:
        return Sought(pieces)
    others = list(guidance_list(viewer, replace(wanted, text=meant))[:most])
    return Sought(others, meant) if is_said(others) else Sought(pieces)


def is_said(pieces: Sequence[Any]) -> bool:
    """Whether a text of what a search found says its words; a title may only be close to them."""
    return any(each.rank > 0 for each in pieces)


def words_near(viewer: Actor, words: Sequence[str]) -> list[str]:
    """Words of what the viewer may read that are close to any of these, or begin with one."""
    if not words:
        return []
    near, begins = Q(), Q()
    for word in words:
        near, begins = near | Q(word__trigram_similar=word), begins | Q(word__startswith=word)
    rows = GuidanceWord.objects.filter(guidance__in=Guidance.objects.visible_to(viewer))
    rows = rows.filter(is_working=True) if writes(viewer) else rows.filter(is_published=True)
    return list(rows.filter(near | begins).values_list("word", flat=True).distinct())


def guidance_suggested(viewer: Actor, text: str, stage: str = "") -> list[Guidance]:
    """Published pieces that may help with what somebody describes, the best first; at most SUGGESTED.

    Any of the words may match, while a search wants all of them: nobody writes a title as a query. A
    piece of the same stage counts more. Bodies are not looked at: a long one has every word. What is
    far from the best is left out.
    """
    words = dict.fromkeys(word for word in _WORD.findall(text.lower()) if word not in _PLAIN)
    if not words:
        return []
    query = SearchQuery(
        " or ".join(list(words)[:MOST_WORDS]), search_type="websearch", config=SEARCH_LANGUAGE
    )
    # ts_rank divides by the words of a query that any may match, so that whoever writes more would
    # find less; numnode counts those words and the ORs between them.
    size = (Func(query, function="numnode", output_field=FloatField()) + 1.0) / 2.0
    on_stage = Case(When(current__stages__contains=[stage], then=Value(1.3)), default=Value(1.0))
    found = (
        Guidance.objects.visible_to(viewer)
        .filter(state=GuidanceState.PUBLISHED)
        .select_related("current")
        .defer("search")
        .annotate(fit=SearchRank(_described_vector(), query) * size * on_stage)
        .filter(fit__gt=LEAST_FIT)
    )
    best: list[Any] = list(found.order_by("-fit", "pk")[:SUGGESTED])  # with `fit`
    return [each for each in best if each.fit > best[0].fit * CLOSE]


def _described_vector() -> CombinedExpression:
    """What a piece is about, in few words."""
    technologies = Func(
        "current__technologies", Value(" "), function="array_to_string", output_field=TextField()
    )
    return (
        SearchVector("current__title", weight="A", config=SEARCH_LANGUAGE)
        + SearchVector(technologies, weight="B", config=SEARCH_LANGUAGE)
        + SearchVector("current__summary", "current__condition", weight="C", config=SEARCH_LANGUAGE)
    )


def guidance_of_item(viewer: Actor, item_id: int) -> QuerySet[Guidance]:
    """What is linked with an item that the viewer sees, as it was linked."""
    rows = Guidance.objects.visible_to(viewer).filter(on_items__item=item_id)
    return rows.select_related("current").defer("search").order_by("on_items__pk")


def guidance_named(viewer: Actor, numbers: Sequence[int]) -> list[Guidance]:
    """Those of the numbers that the viewer sees."""
    return list(Guidance.objects.visible_to(viewer).filter(pk__in=numbers))


def _published_vector() -> CombinedExpression:
    """As Guidance.search, of the newest version; not stored: a library is some hundred pieces."""
    return (
        SearchVector("current__title", weight="A", config=SEARCH_LANGUAGE)
        + SearchVector(
            "current__summary",
            "current__condition",
            "current__consequence",
            weight="B",
            config=SEARCH_LANGUAGE,
        )
        + SearchVector("current__body", weight="C", config=SEARCH_LANGUAGE)
    )


def guidance_get(viewer: Actor, pk: int) -> Guidance:
    """Raises: Missing, also for a draft of others."""
    guidance = (
        Guidance.objects.visible_to(viewer)
        .select_related("current", "current__published_by", "created_by")
        .filter(pk=pk)
        .first()
    )
    if guidance is None:
        raise Missing(f"There is no guidance G-{pk} that you may see.")
    return guidance


def versions_of(viewer: Actor, guidance_id: int) -> QuerySet[GuidanceVersion]:
    guidance_get(viewer, guidance_id)
    return GuidanceVersion.objects.filter(guidance_id=guidance_id).select_related("published_by")


def technologies(viewer: Actor) -> list[str]:
    """All technologies that the library speaks of, for the filter."""
    texts = "" if writes(viewer) else "current__"
    rows = Guidance.objects.visible_to(viewer).values_list(f"{texts}technologies", flat=True)
    return sorted({word for words in rows for word in words or ()})


def version_get(viewer: Actor, guidance_id: int, number: int) -> GuidanceVersion:
    """Raises: Missing."""
    version = versions_of(viewer, guidance_id).filter(number=number).first()
    if version is None:
        raise Missing(f"G-{guidance_id} has no version {number}.")
    return version


@dataclass(frozen=True)
class Usefulness:
    """How many readers said what of one piece: of the text that they see now, and of earlier ones."""

    useful: int
    not_useful: int
    useful_before: int
    not_useful_before: int

    @property
    def total(self) -> int:
        return self.useful + self.not_useful

    @property
    def total_before(self) -> int:
        return self.useful_before + self.not_useful_before


def usefulness_of(viewer: Actor, guidance: Guidance) -> Usefulness | None:
    """None for who does not write guidance: readers answer without seeing what others said."""
    if not writes(viewer):
        return None
    now, before = Q(text=guidance.current_id), ~Q(text=guidance.current_id)
    counts = GuidanceVote.objects.filter(guidance=guidance).aggregate(
        useful=Count("pk", filter=now & Q(is_useful=True)),
        not_useful=Count("pk", filter=now & Q(is_useful=False)),
        useful_before=Count("pk", filter=before & Q(is_useful=True)),
        not_useful_before=Count("pk", filter=before & Q(is_useful=False)),
    )
    return Usefulness(**counts)


def votes_on(viewer: Actor, guidance_id: int) -> QuerySet[GuidanceVote]:
    """What was said of a piece, the newest first: all for writers, else what the viewer said.

    Raises: Missing.
    """
    guidance_get(viewer, guidance_id)
    votes = GuidanceVote.objects.visible_to(viewer).filter(guidance_id=guidance_id)
    return votes.select_related("user", "text")


def vote_of(viewer: Actor, guidance: Guidance) -> GuidanceVote | None:
    """The viewer's own."""
    if viewer.user_id is None:
        return None
    return GuidanceVote.objects.filter(guidance=guidance, user=viewer.user_id).first()
