"""Reading and searching the library."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_
from types import MappingProxyType
from typing import Any

from django.contrib.postgres.search import (
    SearchHeadline,
    SearchQuery,
    SearchQueryCombinable,
    SearchRank,
    TrigramWordSimilarity,
)
from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.functions import Greatest

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.common.alike import CWE, LANGUAGE, Hits, Idea, Vocabulary, any_of, fits, terms_of
from apps.common.closeness import put_right, slips_mended, words_in
from apps.common.errors import Missing
from apps.guidance.models import (
    Guidance,
    GuidanceState,
    GuidanceText,
    GuidanceVersion,
    GuidanceVote,
    GuidanceWord,
)
from apps.guidance.vocabulary import vocabulary

# What SearchHeadline puts around a hit: characters that no text holds; a template filter makes
# <mark> of them.
HIT_START, HIT_END = "\ue000", "\ue001"
# How a search says what it wants exactly.
_ASKED_FOR = re.compile(r"[\"|]|(?:^|\s)-\S|\bor\b", re.IGNORECASE)
SUGGESTED = 4
CLOSE = 0.4  # of the best one's fit
# A rare word of a summary has 0.9, one of a body 0.2; of the field 1.6 times as much.
LEAST_FIT = 0.63
# The least where a piece says a single word, of no vocabulary: that is soon an accident.
ALONE = 0.9
ON_STAGE = 1.2
CHOSEN = 2.0  # for what was chosen for a text that says all that this one says
TYPO_TOLERANCE = 0.45  # word similarity from which a title counts as meant


@dataclass(frozen=True)
class Filter:
    """What a reader asked the library for; empty fields ask for nothing."""

    text: str = ""
    stage: str = ""
    technology: str = ""
    cwe: int | None = None


def guidance_list(
    viewer: Actor, wanted: Filter = Filter(), known: Vocabulary | None = None
) -> QuerySet[Guidance]:
    """The library, best hit first where a text was searched, else by title.

    Full text with stemming, and word similarity of titles for typing errors. Annotates `rank` (0: no
    full text), `title_hits`, `headline` (the summary) and `excerpt` (of the body) with their hits marked.
    Those who write search the working texts; everybody else what is published, so that no filter
    and no hit tells them of a draft. known: the vocabulary, where it has been read.
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
        return _searched(found, text, texts, known)
    return found.order_by(f"{texts}title", "pk")


def writes(viewer: Actor) -> bool:
    """Whether the viewer may write guidance, and so read its working texts."""
    return Permission.GUIDANCE_EDIT in viewer.organisation_grant


def text_for(viewer: Actor, guidance: Guidance) -> GuidanceText:
    """What the list shows the viewer: the working text for writers, else what is published."""
    return guidance if guidance.current is None or writes(viewer) else guidance.current


def _searched(
    found: QuerySet[Guidance], text: str, texts: str, known: Vocabulary | None
) -> QuerySet[Guidance]:
    query = _query_of(text, known)
    matches = Q(vector=query) | Q(similarity__gt=TYPO_TOLERANCE)
    if cwe := CWE.fullmatch(text):
        matches |= Q(**{f"{texts}cwes__contains": [int(cwe.group(1))]})
    return (
        found.filter(indexed__is_working=not texts)
        .annotate(
            vector=F("indexed__vector"),
            rank=SearchRank(F("vector"), query),
            similarity=TrigramWordSimilarity(text, f"{texts}title"),
            title_hits=_marked_whole(f"{texts}title", query),
            headline=_marked_whole(f"{texts}summary", query),
            excerpt=SearchHeadline(
                f"{texts}body",
                query,
                config=LANGUAGE,
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


def _query_of(text: str, known: Vocabulary | None) -> SearchQueryCombinable:
    """All words of a search, or for each term of the vocabulary one that means the same.

    Whoever asks exactly, by quotes, OR or a minus, gets exactly that.
    """
    typed = SearchQuery(text, search_type="websearch", config=LANGUAGE)
    ideas = [] if _ASKED_FOR.search(text) else (known or vocabulary()).ideas(text)
    if not any(each.others for each in ideas):
        return typed
    return typed | reduce(and_, (any_of(each.terms) for each in ideas))


def _marked_whole(field: str, query: SearchQueryCombinable) -> SearchHeadline:
    return SearchHeadline(
        field,
        query,
        config=LANGUAGE,
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
    if as_typed or not text or is_said(pieces) or CWE.fullmatch(text):
        return Sought(pieces)
    meant = put_right(text, words_near(viewer, words_in(text)))
    if meant == text:
        return Sought(pieces)
    others = list(guidance_list(viewer, replace(wanted, text=meant))[:most])
    return Sought(others, meant) if is_said(others) else Sought(pieces)


def is_said(pieces: Sequence[Any]) -> bool:
    """Whether a text of what a search found says its words; a title may only be close to them."""
    return any(each.rank > 0 for each in pieces)


def words_near(viewer: Actor, words: Sequence[str]) -> QuerySet[GuidanceWord, str]:
    """Words of what the viewer may read that are close to any of these, or begin with one."""
    if not words:
        return GuidanceWord.objects.none().values_list("word", flat=True)
    near, begins = Q(), Q()
    for word in words:
        near, begins = near | Q(word__trigram_similar=word), begins | Q(word__startswith=word)
    rows = GuidanceWord.objects.filter(guidance__in=Guidance.objects.visible_to(viewer))
    rows = rows.filter(is_working=True) if writes(viewer) else rows.filter(is_published=True)
    return rows.filter(near | begins).values_list("word", flat=True).distinct()


def guidance_suggested(
    viewer: Actor,
    text: str,
    stage: str = "",
    chosen: Mapping[int, float] = MappingProxyType({}),
    known: Vocabulary | None = None,
) -> list[Guidance]:
    """Published pieces that may help with what somebody describes, the best first; at most SUGGESTED.

    Any of the ideas may match, while a search wants all of them: nobody writes a title as a query. A piece
    of the same stage counts more, and so does what people chose before. What is far from the best is left out.
    Where nothing fits, the closest words are tried.
    chosen: by number of a piece, how much alike the plans are for which it was chosen, 0 to 1.
    known: the vocabulary, where the caller has asked for it already.
    """
    known = known or vocabulary()
    found = _suggested(viewer, known.ideas(text), stage, chosen)
    if found:
        return found
    unknown = words_in(text)
    meant = slips_mended(text, {*known.words, *words_near(viewer, unknown)})
    return _suggested(viewer, known.ideas(meant), stage, {}) if meant != text else []


def _suggested(
    viewer: Actor, ideas: Sequence[Idea], stage: str, chosen: Mapping[int, float]
) -> list[Guidance]:
    if not ideas:
        return []
    rows = Guidance.objects.visible_to(viewer).filter(
        state=GuidanceState.PUBLISHED, indexed__is_working=False
    )
    on_stage = Q(current__stages__contains=[stage])
    read = rows.annotate(
        hits=Hits(F("indexed__vector"), terms_of(ideas)),
        is_on_stage=ExpressionWrapper(on_stage, output_field=BooleanField()),
    ).values_list("pk", "hits", "is_on_stage")
    said = {pk: (hits, ON_STAGE if is_on_stage else 1.0) for pk, hits, is_on_stage in read}
    scores = {pk: chosen[pk] * CHOSEN for pk in chosen if pk in said}
    for pk, fit in fits({pk: hits for pk, (hits, _) in said.items()}, ideas, len(said)).items():
        if fit.said > 1 or fit.is_of_field or fit.score >= ALONE:
            scores[pk] = scores.get(pk, 0.0) + fit.score * said[pk][1]
    return _the_best(viewer, scores)


def _the_best(viewer: Actor, scores: Mapping[int, float]) -> list[Guidance]:
    best = sorted(scores, key=lambda pk: (-scores[pk], pk))[:SUGGESTED]
    least = max(LEAST_FIT, scores[best[0]] * CLOSE) if best else 0.0
    wanted = [pk for pk in best if scores[pk] >= least]
    pieces = Guidance.objects.visible_to(viewer).select_related("current").defer("search")
    found = pieces.in_bulk(wanted)
    return [found[pk] for pk in wanted if pk in found]


def guidance_of_item(viewer: Actor, item_id: int) -> QuerySet[Guidance]:
    """What is linked with an item that the viewer sees, as it was linked."""
    rows = Guidance.objects.visible_to(viewer).filter(on_items__item=item_id)
    return rows.select_related("current").defer("search").order_by("on_items__pk")


def guidance_named(viewer: Actor, numbers: Sequence[int]) -> list[Guidance]:
    """Those of the numbers that the viewer sees."""
    return list(Guidance.objects.visible_to(viewer).filter(pk__in=numbers))


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
