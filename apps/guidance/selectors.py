"""Reading and searching the library."""

import re
from dataclasses import dataclass

from django.contrib.postgres.search import (
    SearchHeadline,
    SearchQuery,
    SearchRank,
    SearchVector,
    TrigramWordSimilarity,
)
from django.db.models import Count, F, Q, QuerySet, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Greatest

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.common.errors import Missing
from apps.guidance.models import (
    SEARCH_LANGUAGE,
    Guidance,
    GuidanceText,
    GuidanceVersion,
    GuidanceVote,
)

# What SearchHeadline puts around a hit: characters that no text holds; a template filter makes
# <mark> of them.
HIT_START, HIT_END = "\ue000", "\ue001"
_CWE = re.compile(r"cwe[- ]?(\d{1,6})", re.IGNORECASE)
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

    Full text with stemming, and word similarity of titles for typing errors. Annotates `headline`
    (the summary) and `excerpt` (of the body), both with their hits marked.
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
            headline=SearchHeadline(
                f"{texts}summary",
                query,
                config=SEARCH_LANGUAGE,
                start_sel=HIT_START,
                stop_sel=HIT_END,
                highlight_all=True,
            ),
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
