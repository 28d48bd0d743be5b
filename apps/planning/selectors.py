"""Reading planning items. Every function takes the viewer; nothing else reads."""

from django.db.models import Count, Prefetch, Q, QuerySet

from apps.accounts.actors import Actor
from apps.common.errors import Missing
from apps.planning.models import (
    Answer,
    Decision,
    Option,
    PlanningItem,
    Question,
    Recommendation,
)


def items_visible(viewer: Actor) -> QuerySet[PlanningItem]:
    """Items with what a list row shows."""
    return (
        PlanningItem.objects.visible_to(viewer)
        .select_related("system", "created_by")
        .annotate(
            option_count=Count("options", distinct=True),
            open_question_count=Count(
                "questions", filter=Q(questions__answers=None), distinct=True
            ),
        )
    )


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
    option = Option.objects.visible_to(viewer).select_related("item", "item__system").filter(pk=pk).first()
    if not isinstance(option, Option):
        raise Missing("There is no such option that you may see.")
    return option


def questions_visible(viewer: Actor) -> QuerySet[Question]:
    answers = Answer.objects.select_related("answered_by")
    return (
        Question.objects.visible_to(viewer)
        .select_related("asked_by", "item", "item__system", "guidance")
        .prefetch_related(Prefetch("answers", queryset=answers))
    )


def question_get(viewer: Actor, pk: int) -> Question:
    question = questions_visible(viewer).filter(pk=pk).first()
    if not isinstance(question, Question):
        raise Missing("There is no such question that you may see.")
    return question


def questions_waiting(viewer: Actor) -> QuerySet[Question]:
    """Questions that nobody answered yet, oldest first."""
    return questions_visible(viewer).filter(answers=None).order_by("id")


def recommendation_of(viewer: Actor, item_id: int) -> Recommendation | None:
    """The recommendation that holds: the newest one."""
    found = (
        Recommendation.objects.visible_to(viewer)
        .select_related("option", "made_by")
        .filter(item_id=item_id)
        .first()
    )
    return found if isinstance(found, Recommendation) else None


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


def decisions_in_force(viewer: Actor) -> QuerySet[Decision]:
    """What holds now, soonest to expire first."""
    return (
        Decision.objects.visible_to(viewer)
        .filter(ended_at=None)
        .select_related("item", "item__system", "option", "decided_by")
        .order_by("valid_until", "-id")
    )
