"""What there is already, while a plan or a question is typed: items, answered questions and guidance like it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from apps.accounts.actors import Actor
from apps.guidance.models import Guidance
from apps.guidance.selectors import guidance_suggested
from apps.guidance.vocabulary import vocabulary
from apps.planning.selectors_alike import (
    LIKE,
    AlikeItem,
    AnsweredBefore,
    guidance_linked,
    items_alike,
    items_near,
    questions_alike,
)
from apps.risks.selectors import guidance_stated


@dataclass(frozen=True)
class Alike:
    """A few of each kind, the most alike first; empty where nothing is."""

    items: Sequence[AlikeItem] = ()
    questions: Sequence[AnsweredBefore] = ()
    guidance: Sequence[Guidance] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.items or self.questions or self.guidance)


def alike_to_plan(
    viewer: Actor, title: str, question: str = "", stage: str = "", without: int = 0
) -> Alike:
    """What is like an item with this title, question and stage. without: the number of that item, once it is there.

    Items are found by the title, or by the question where there is no title yet. What people chose for items that
    are like it is a hint at guidance, beside the words.
    """
    known = vocabulary()
    near = items_near(viewer, title, known.ideas(title or question), without)
    chosen = _chosen(viewer, near)
    guidance = guidance_suggested(viewer, f"{title} {question}", stage, chosen, known)
    return Alike(items=items_alike(viewer, near), guidance=guidance)


def alike_to_question(viewer: Actor, body: str) -> Alike:
    known = vocabulary()
    return Alike(
        questions=questions_alike(viewer, known.ideas(body)),
        guidance=guidance_suggested(viewer, body, known=known),
    )


def _chosen(viewer: Actor, near: Sequence[tuple[int, float]]) -> dict[int, float]:
    """{guidance: how much alike the item is for which it was linked, or a risk was made from it}."""
    shares = {pk: share for pk, share in near if share >= LIKE}
    if not shares:
        return {}
    items, chosen = list(shares), dict[int, float]()
    for item, guidance in {*guidance_linked(viewer, items), *guidance_stated(viewer, items)}:
        chosen[guidance] = max(shares[item], chosen.get(guidance, 0.0))
    return chosen
