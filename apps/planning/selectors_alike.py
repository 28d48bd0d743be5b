"""Items and questions that are like what somebody types; what an app above reads as ideas (common.alike)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.postgres.aggregates import StringAgg
from django.contrib.postgres.search import SearchVector, TrigramSimilarity
from django.db.models import F, OuterRef, Prefetch, Q, Subquery

from apps.accounts.actors import Actor
from apps.common.alike import LANGUAGE, Fit, Hits, Idea, any_of, fits, terms_of
from apps.planning.models import (
    Answer,
    Decision,
    ItemGuidance,
    Option,
    PlanningItem,
    Question,
)
from apps.planning.places import question_path, question_place
from apps.planning.worth import ItemWorth, items_worth

SHOWN = 3
LOOKED_AT = 300  # of those that say anything of it, the newest
LEAST_SHARE = 0.5  # of what was typed, rare ideas counting more
LEAST_SAID = 2  # ideas; one word is in many
LEAST_TITLE = 0.5  # trigrams that both titles have, of all of theirs
LIKE = 0.3  # share from which what was chosen for an item is a hint
# As the indexes item_words and question_words hold them.
_ITEM = SearchVector("title", "question", config=LANGUAGE)
_QUESTION = SearchVector("body", config=LANGUAGE)


@dataclass(frozen=True)
class AlikeItem:
    """share: how much of what was typed the item says, 0 to 1. chosen: the option of its decision, or ""."""

    item: PlanningItem
    share: float
    chosen: str = ""
    worth: ItemWorth | None = None


def items_near(
    viewer: Actor, title: str, ideas: Sequence[Idea], without: int = 0
) -> list[tuple[int, float]]:
    """(number, share) of items that the viewer sees and that say some of it, the most alike first.

    The words of an item are those of its title, its options and its question. A title that is nearly the
    same counts whatever the words.
    """
    if not ideas:
        return []
    rows = PlanningItem.objects.visible_to(viewer).exclude(pk=without)
    says = Q(words=any_of(terms_of(ideas))) | Q(title__trigram_similar=title)
    options = Option.objects.filter(item=OuterRef("pk")).order_by().values("item")
    whole = (
        SearchVector("title", weight="A", config=LANGUAGE)
        + SearchVector(
            Subquery(options.annotate(said=StringAgg("title", " ")).values("said")),
            weight="B",
            config=LANGUAGE,
        )
        + SearchVector("question", weight="C", config=LANGUAGE)
    )
    newest = rows.annotate(words=_ITEM).filter(says).order_by("-pk").values("pk")[:LOOKED_AT]
    read = (
        PlanningItem.objects.filter(pk__in=newest)
        .annotate(hits=Hits(whole, terms_of(ideas)), same=TrigramSimilarity("title", title))
        .values_list("pk", "hits", "same")
    )
    hits, same = {}, {}
    for pk, hit, likeness in read:
        hits[pk], same[pk] = hit, likeness
    said = fits(hits, ideas, len(hits))
    near = {pk: likeness for pk, likeness in same.items() if likeness >= LEAST_TITLE}
    near |= {
        pk: max(fit.share, near.get(pk, 0.0)) for pk, fit in said.items() if fit.said >= LEAST_SAID
    }
    return sorted(near.items(), key=lambda each: (-each[1], -each[0]))


def items_alike(viewer: Actor, near: Sequence[tuple[int, float]]) -> list[AlikeItem]:
    """The few of items_near that are alike enough to be shown, with how each of them ended."""
    shown = dict([each for each in near if each[1] >= LEAST_SHARE][:SHOWN])
    if not shown:
        return []
    items = PlanningItem.objects.visible_to(viewer).select_related("system").in_bulk(list(shown))
    in_force = Decision.objects.filter(item__in=shown, ended_at=None)
    chosen = dict(in_force.values_list("item", "option__title"))
    worth = items_worth(viewer, list(items))
    return [
        AlikeItem(items[pk], share, chosen.get(pk, ""), worth.get(pk))
        for pk, share in shown.items()
        if pk in items
    ]


def guidance_linked(viewer: Actor, items: Sequence[int]) -> list[tuple[int, int]]:
    """(item, guidance) of what is linked with these items, as far as the viewer sees them."""
    rows = ItemGuidance.objects.visible_to(viewer).filter(item__in=items)
    return list(rows.values_list("item", "guidance"))


@dataclass(frozen=True)
class AnsweredBefore:
    question: Question
    answer: Answer  # the accepted one, else the first

    @property
    def path(self) -> str:
        return question_path(self.question)

    @property
    def place(self) -> str:
        return question_place(self.question)


def questions_alike(viewer: Actor, ideas: Sequence[Idea]) -> list[AnsweredBefore]:
    """Questions that the viewer may read, that somebody answered and that ask for much the same."""
    if not ideas:
        return []
    rows = (
        Question.objects.visible_to(viewer).filter(answers__isnull=False).annotate(words=_QUESTION)
    )
    newest = rows.filter(words=any_of(terms_of(ideas))).order_by("-pk").values("pk")[:LOOKED_AT]
    vector = SearchVector("body", weight="A", config=LANGUAGE)
    read = Question.objects.filter(pk__in=newest).annotate(hits=Hits(vector, terms_of(ideas)))
    hits = dict(read.values_list("pk", "hits"))
    best = _alike_enough(fits(hits, ideas, len(hits)))
    answers = Answer.objects.order_by(F("accepted_at").asc(nulls_last=True), "id")
    found = (
        Question.objects.visible_to(viewer)
        .select_related("item", "system", "guidance")
        .prefetch_related(Prefetch("answers", queryset=answers))
        .in_bulk(best)
    )
    return [AnsweredBefore(found[pk], found[pk].answers.all()[0]) for pk in best if pk in found]


def _alike_enough(said: dict[int, Fit]) -> list[int]:
    enough = {
        pk: fit for pk, fit in said.items() if fit.said >= LEAST_SAID and fit.share >= LEAST_SHARE
    }
    return sorted(enough, key=lambda pk: (-enough[pk].share, -pk))[:SHOWN]
