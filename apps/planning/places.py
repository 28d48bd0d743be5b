"""Where a question stands, as an address and in words."""

import re

from django.urls import reverse

from apps.common.references import PAGES
from apps.planning.models import Question

# Of the keys in Question.about those of things with a page. An option stands on the page of its item.
_KEY = re.compile(r"(RS|F|C|AU)-([1-9]\d{0,17})", re.ASCII)


def question_path(question: Question) -> str:
    """The address at which it is read and answered: on its item or guidance, else on a page of its own."""
    if question.item_id:
        place = reverse("item-detail", args=[question.item_id])
    elif question.guidance_id:
        place = reverse("guidance-detail", args=[question.guidance_id])
    else:
        return reverse("question-detail", args=[question.pk])
    return f"{place}#question-{question.pk}"


def question_place(question: Question) -> str:
    """What it was asked on, in words that need no translation; empty where that is no single thing."""
    thing = question.item or question.guidance
    if thing is not None:
        return f"{thing.key}, {thing.title}"
    name = question.system.name if question.system else ""
    return f"{question.about}, {name}" if question.about else name


def about_path(question: Question) -> str:
    """The page of what it was asked about beyond its item or system; empty where there is none."""
    found = _KEY.fullmatch(question.about)
    if found:
        return reverse(PAGES[found[1]], args=[int(found[2])])
    if question.about and question.item_id:
        return f"{reverse('item-detail', args=[question.item_id])}#{question.about}"
    return ""
