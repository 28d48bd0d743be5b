"""Reading and searching the library."""

import re
from dataclasses import dataclass

from django.contrib.postgres.search import (
    SearchHeadline,
    SearchQuery,
    SearchRank,
    TrigramWordSimilarity,
)
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Greatest

from apps.accounts.actors import Actor
from apps.common.errors import Missing
from apps.guidance.models import SEARCH_LANGUAGE, Guidance, GuidanceVersion

# What SearchHeadline puts around a hit: characters that no text holds, made into <mark> by the template filter.
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


def guidance_list(viewer: Actor, wanted: Filter = Filter()) -> QuerySet[Guidance]:  # noqa: B008  # frozen
    """The library, best hit first where a text was searched, else by title.

    Full text with stemming, and word similarity of titles for typing errors. Annotates `headline`.
    """
    found = Guidance.objects.visible_to(viewer).select_related("current", "created_by").defer("search")
    if wanted.stage:
        found = found.filter(stages__contains=[wanted.stage])
    if wanted.technology:
        found = found.filter(technologies__contains=[wanted.technology])
    if wanted.cwe is not None:
        found = found.filter(cwes__contains=[wanted.cwe])
    return _searched(found, wanted.text.strip()) if wanted.text.strip() else found.order_by("title")


def _searched(found: QuerySet[Guidance], text: str) -> QuerySet[Guidance]:
    query = SearchQuery(text, search_type="websearch", config=SEARCH_LANGUAGE)
    matches = Q(search=query) | Q(similarity__gt=TYPO_TOLERANCE)
    if cwe := _CWE.fullmatch(text):
        matches |= Q(cwes__contains=[int(cwe.group(1))])
    return (
        found.annotate(
            rank=SearchRank(F("search"), query),
            similarity=TrigramWordSimilarity(text, "title"),
            headline=SearchHeadline(
                "summary",
                query,
                config=SEARCH_LANGUAGE,
                start_sel=HIT_START,
                stop_sel=HIT_END,
                highlight_all=True,
            ),
        )
        .filter(matches)
        .annotate(score=Greatest(F("rank") * Value(2.0), F("similarity")))
        .order_by("-score", "title")
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
    rows = Guidance.objects.visible_to(viewer).values_list("technologies", flat=True)
    return sorted({word for words in rows for word in words})
