"""Reading planning items. Every function takes the viewer; nothing else reads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Count,
    Exists,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.policy import in_use, may, permitted
from apps.accounts.roles import Permission
from apps.common.closeness import MOST_TEXTS, close_to
from apps.common.errors import Missing
from apps.planning.models import (
    Answer,
    Decision,
    DecisionEnd,
    ItemOrigin,
    ItemStatus,
    Option,
    PlanningItem,
    Question,
    Recommendation,
    SavedFilter,
    moves_from,
)
from apps.planning.references import Reference
from apps.planning.worth import ItemWorth, items_worth


def _number_of(rows: QuerySet[Any]) -> Coalesce:
    """How many of these an item has. Counted for the items that a page shows; a join would count for all
    before the page is cut off."""
    of_item = rows.filter(item=OuterRef("pk")).order_by().values("item")
    return Coalesce(Subquery(of_item.annotate(number=Count("pk")).values("number")), 0)


_OPTIONS = _number_of(Option.objects.all())
_OPEN_QUESTIONS = _number_of(Question.objects.filter(answers=None))


def items_visible(viewer: Actor) -> QuerySet[PlanningItem]:
    """Items with what a list row shows."""
    items: QuerySet[PlanningItem] = (
        PlanningItem.objects.visible_to(viewer)
        .select_related("system", "created_by")
        .annotate(option_count=_OPTIONS, open_question_count=_OPEN_QUESTIONS)
    )
    return items


def item_get(viewer: Actor, pk: int) -> PlanningItem:
    """Raises: Missing, also for an item of a system that the viewer may not see."""
    item = (
        PlanningItem.objects.visible_to(viewer)
        .select_related("system", "system__owner", "created_by")
        .filter(pk=pk)
        .first()
    )
    if not isinstance(item, PlanningItem):
        raise Missing(f"There is no planning item PI-{pk} that you may see.")
    return item


def options_of(viewer: Actor, item_id: int) -> QuerySet[Option]:
    return Option.objects.visible_to(viewer).filter(item_id=item_id).select_related("item")


def option_get(viewer: Actor, pk: int) -> Option:
    option = (
        Option.objects.visible_to(viewer)
        .select_related("item", "item__system")
        .filter(pk=pk)
        .first()
    )
    if not isinstance(option, Option):
        raise Missing("There is no such option that you may see.")
    return option


def questions_visible(viewer: Actor) -> QuerySet[Question]:
    return _whole(Question.objects.visible_to(viewer))


def questions_to_answer(viewer: Actor) -> QuerySet[Question]:
    """Questions without an answer that the viewer may answer and did not ask, oldest first."""
    rows = _whole(Question.objects.visible_to(viewer).answerable_by(viewer)).filter(answers=None)
    if viewer.user_id is not None:
        rows = rows.exclude(asked_by=viewer.user_id)  # one's own wait for others
    return rows.order_by("id")


def _whole(rows: QuerySet[Question]) -> QuerySet[Question]:
    """Questions with their answers, and with what they were asked on."""
    answers = Answer.objects.select_related("answered_by").annotate(
        guidance_state=F("guidance__state")  # a draft is read by those alone who write guidance
    )
    return rows.select_related(
        "asked_by", "item", "item__system", "guidance", "system"
    ).prefetch_related(Prefetch("answers", queryset=answers))


@dataclass(frozen=True)
class QuestionFilter:
    """show: "waiting" (no answer yet) or "mine" (that the viewer asked). system: a key. about: a key, as RS-12."""

    q: str = ""
    show: str = ""
    system: str = ""
    about: str = ""


def questions_list(viewer: Actor, wanted: QuestionFilter) -> QuerySet[Question]:
    """The newest first."""
    named = wanted.system or wanted.about
    found = in_use(questions_visible(viewer), viewer, named=named).order_by("-id")
    if wanted.q:
        found = found.filter(Q(body__icontains=wanted.q) | Exists(_answers_saying(wanted.q)))
    if wanted.show == "waiting":
        found = found.filter(answers=None)
    if wanted.show == "mine":
        found = found.filter(asked_by=viewer.user_id)
    if wanted.system:
        found = found.filter(Q(system__key=wanted.system) | Q(item__system__key=wanted.system))
    return found.filter(about=wanted.about) if wanted.about else found


def _answers_saying(text: str) -> QuerySet[Answer]:
    return Answer.objects.filter(question=OuterRef("pk"), body__icontains=text)


def question_get(viewer: Actor, pk: int) -> Question:
    question = questions_visible(viewer).filter(pk=pk).first()
    if not isinstance(question, Question):
        raise Missing("There is no such question that you may see.")
    return question


def questions_waiting(viewer: Actor) -> QuerySet[Question]:
    """Questions that nobody answered yet, oldest first."""
    return in_use(questions_visible(viewer), viewer).filter(answers=None).order_by("id")


def recommendation_of(viewer: Actor, item_id: int) -> Recommendation | None:
    """The recommendation that holds: the newest one."""
    found = (
        Recommendation.objects.visible_to(viewer)
        .select_related("option", "made_by")
        .filter(item_id=item_id)
        .first()
    )
    return found if isinstance(found, Recommendation) else None


def advice_given(viewer: Actor, item_id: int) -> QuerySet[Recommendation]:
    """All that security ever recommended on an item, the newest first."""
    found: QuerySet[Recommendation] = Recommendation.objects.visible_to(viewer)
    return found.filter(item_id=item_id).select_related("option", "made_by").order_by("-id")


def recommendations_of(viewer: Actor, item_ids: Collection[int]) -> QuerySet[Recommendation]:
    """The recommendation that holds on each of these items."""
    found: QuerySet[Recommendation] = Recommendation.objects.visible_to(viewer)
    return (
        found.filter(item_id__in=item_ids)
        .select_related("option", "made_by")
        .order_by("item_id", "-id")
        .distinct("item_id")
    )


def decisions_of(viewer: Actor, item_id: int) -> QuerySet[Decision]:
    """All decisions on an item, the newest first; the one in force has no `ended_at`."""
    return (
        Decision.objects.visible_to(viewer)
        .filter(item_id=item_id)
        .select_related("option", "decided_by", "item")
        .prefetch_related(
            "treatments", "treatments__statement", "treatments__revision", "treatments__valuation"
        )
    )


def decision_get(viewer: Actor, pk: int) -> Decision:
    """Raises: Missing."""
    found = Decision.objects.visible_to(viewer).select_related("item", "option").filter(pk=pk)
    decision = found.first()
    if not isinstance(decision, Decision):
        raise Missing("There is no such decision that you may see.")
    return decision


def decisions_in_force(viewer: Actor) -> QuerySet[Decision]:
    """What holds now, soonest to expire first."""
    return (
        in_use(Decision.objects.visible_to(viewer), viewer)
        .filter(ended_at=None)
        .select_related("item", "item__system", "option", "decided_by")
        .order_by("valid_until", "-id")
    )


_LATER = Decision.objects.filter(item=OuterRef("item"), pk__gt=OuterRef("pk"))


def decisions_expired(viewer: Actor) -> QuerySet[Decision]:
    """The last word on items that are open again, since its time ran out; the longest over first."""
    return (
        in_use(Decision.objects.visible_to(viewer), viewer)
        .filter(end=DecisionEnd.EXPIRED, item__status=ItemStatus.OPEN)
        .exclude(Exists(_LATER))
        .select_related("item", "item__system", "option", "decided_by")
        .order_by("valid_until", "-id")
    )


def decisions_recent(viewer: Actor) -> QuerySet[Decision]:
    """What was decided lately, on all systems that the viewer sees; ended ones, too."""
    return (
        in_use(Decision.objects.visible_to(viewer), viewer)
        .select_related("item", "item__system", "option", "decided_by")
        .order_by("-decided_at", "-id")
    )


def answer_get(viewer: Actor, pk: int) -> Answer:
    """Raises: Missing, also for an answer to a question that the viewer may not see."""
    answer = (
        Answer.objects.select_related("question", "question__item", "answered_by")
        .filter(pk=pk)
        .first()
    )
    if answer is None or not questions_visible(viewer).filter(pk=answer.question_id).exists():
        raise Missing("There is no such answer that you may see.")
    return answer


def filters_saved(viewer: Actor) -> QuerySet[SavedFilter]:
    """The filters that the viewer keeps, by name."""
    return SavedFilter.objects.visible_to(viewer)


# What the list's address says, in the order in which it says it.
FILTERS = ("q", "system", "stage", "status", "kind", "origin", "view")


@dataclass(frozen=True)
class ItemFilter:
    """What a reader asked the list of items for; empty fields ask for nothing."""

    text: str = ""
    system: str = ""  # its key
    stage: str = ""
    status: str = ""
    kind: str = ""
    origin: str = ""  # of ItemOrigin
    archived: bool = False  # also those of archived systems


def items_list(viewer: Actor, wanted: ItemFilter = ItemFilter()) -> QuerySet[PlanningItem]:
    """Items as the list shows them, the newest first."""
    return _narrowed(viewer, items_visible(viewer), wanted).order_by("-id")


def titles_close_to(viewer: Actor, words: Sequence[str]) -> QuerySet[PlanningItem, str]:
    """Titles of items that the viewer sees, with half of one of the words; some of them."""
    found = items_visible(viewer).filter(close_to("title", words)).order_by("-id")
    return found.values_list("title", flat=True)[:MOST_TEXTS]


def _narrowed(
    viewer: Actor, found: QuerySet[PlanningItem], wanted: ItemFilter
) -> QuerySet[PlanningItem]:
    found = in_use(found, viewer, named=wanted.system or wanted.archived)
    if wanted.system:
        found = found.filter(system__key=wanted.system)
    for name in ("stage", "status", "kind"):
        if value := getattr(wanted, name):
            found = found.filter(**{name: value})
    if wanted.origin:
        found = found.filter(mirrored__isnull=wanted.origin != ItemOrigin.TRACKER)
    if text := wanted.text.strip():
        found = found.filter(_mentions(text))
    return found


def items_referring(viewer: Actor, reference: Reference) -> QuerySet[PlanningItem]:
    """Items that the viewer sees and that are about the same issue of a tracker, the newest first."""
    same = Q(pk__in=())
    if reference.url:
        same |= Q(tracker_url__iexact=reference.url) | Q(tracker_url__iexact=f"{reference.url}/")
    if reference.key:
        same |= Q(tracker_key__iexact=reference.key)
    if reference.key and not reference.url:
        same |= Q(tracker_url__iendswith=f"/browse/{reference.key}")
    return items_visible(viewer).filter(same).order_by("-id")


def _mentions(text: str) -> Q:
    """Words of the title, the question or the tracker; or the key, "PI-7" or "7"."""
    matches = (
        Q(title__icontains=text) | Q(tracker_key__icontains=text) | Q(question__icontains=text)
    )
    number = text.upper().removeprefix("PI-")
    if number.isascii() and number.isdigit() and len(number) <= 18:
        matches |= Q(pk=int(number))
    return matches


class Awaited(TextChoices):
    """What an item that is being weighed waits for, the first thing that is missing."""

    OPTIONS = "options", _("Awaits options")
    ANSWER = "answer", _("Awaits an answer")
    RECOMMENDATION = "recommendation", _("Awaits a recommendation")
    DECISION = "decision", _("Awaits a decision")


def _awaited(item: PlanningItem) -> Awaited | None:
    """Of an item as `items_board` reads it. None where nothing is being weighed (yet, or any more)."""
    if item.status != ItemStatus.OPEN:
        return None
    if not getattr(item, "option_count", 0):
        return Awaited.OPTIONS
    if getattr(item, "open_question_count", 0):
        return Awaited.ANSWER
    if not getattr(item, "is_advised", False):
        return Awaited.RECOMMENDATION
    return Awaited.DECISION


@dataclass(frozen=True)
class BoardCard:
    item: PlanningItem
    moves: tuple[ItemStatus, ...]  # where the viewer may put it; empty for who only reads
    awaited: Awaited | None
    worth: ItemWorth | None  # where a risk of it was valued


@dataclass(frozen=True)
class BoardColumn:
    status: ItemStatus
    cards: list[BoardCard]
    total: int

    @property
    def items(self) -> list[PlanningItem]:
        return [card.item for card in self.cards]

    @property
    def hidden(self) -> int:
        """How many more there are than the column shows."""
        return self.total - len(self.cards)


def items_board(viewer: Actor, wanted: ItemFilter, *, shown: int) -> list[BoardColumn]:
    """Items by status, what moved last on top, with what each is worth; as many queries whatever
    their number. The columns are one query, each cut off by itself."""
    in_force = Decision.objects.filter(item=OuterRef("pk"), ended_at=None)
    advised = Recommendation.objects.filter(item=OuterRef("pk"))
    found = items_list(viewer, wanted).annotate(
        is_bound=Exists(in_force), is_advised=Exists(advised)
    )
    everything = _narrowed(viewer, PlanningItem.objects.visible_to(viewer), wanted)
    totals = dict(everything.order_by().values_list("status").annotate(number=Count("id")))

    first, *others = [
        found.filter(status=status).order_by("-updated_at", "-id")[:shown] for status in ItemStatus
    ]
    rows: dict[str, list[PlanningItem]] = {status.value: [] for status in ItemStatus}
    for row in first.union(*others, all=True).order_by("-updated_at", "-id"):
        rows[row.status].append(row)
    worth = items_worth(viewer, [item.pk for items in rows.values() for item in items])

    def card(item: PlanningItem) -> BoardCard:
        bound = bool(getattr(item, "is_bound", False))
        writes = may(viewer, Permission.ITEM_EDIT, item)
        moves = moves_from(item.status, bound=bound) if writes else ()
        return BoardCard(item, moves, _awaited(item), worth.get(item.pk))

    return [
        BoardColumn(
            status=status,
            cards=[card(item) for item in rows[status.value]],
            total=totals.get(status.value, 0),
        )
        for status in ItemStatus
    ]


def questions_on_guidance(viewer: Actor, guidance_id: int) -> QuerySet[Question]:
    """What was asked on a piece of guidance, oldest first."""
    return questions_visible(viewer).filter(guidance_id=guidance_id).order_by("id")


def items_writable(
    viewer: Actor, permission: Permission, wanted: ItemFilter
) -> QuerySet[PlanningItem]:
    """Items of the systems on which the viewer holds a permission."""
    return permitted(items_list(viewer, wanted), viewer, permission)
