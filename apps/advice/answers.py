"""An answer, once given, becomes advice that is written once and attached many times."""

import re

from django.db import transaction
from django.utils.text import Truncator

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Conflict
from apps.common.markdown import glance
from apps.common.references import MENTION
from apps.guidance.models import Guidance
from apps.guidance.services import guidance_create
from apps.planning.models import Answer

TITLE, SUMMARY = 120, 300  # characters of the question
_SENTENCE = re.compile(r".+?[?!.](?=\s|$)")


@transaction.atomic
def answer_to_guidance(*, actor: Actor, answer: Answer) -> Guidance:
    """A draft in the library with the question as its title and the answer as its text; the answer leads there.

    SECURITY: the words of one system reach the whole organisation only when somebody publishes them.
    Raises: NotPermitted, Conflict where it became guidance already.
    """
    require(actor, Permission.GUIDANCE_EDIT)
    row = (
        Answer.objects.select_for_update(of=("self",))
        .select_related("question__item")
        .get(pk=answer.pk)
    )
    if row.guidance_id is not None:
        raise Conflict("Somebody made guidance of this answer already.")
    asked, item = _asked(row.question.body), row.question.item
    first = _SENTENCE.match(asked)
    title = Truncator(first[0] if first else asked).chars(TITLE)
    guidance = guidance_create(
        actor=actor,
        title=title,
        summary=Truncator(asked).chars(SUMMARY) if asked != title else "",
        body=row.body,
        stages=[item.stage] if item else [],
    )
    row.guidance = guidance
    row.save(update_fields=["guidance"])
    system_id = row.question.access_system_id
    changes = {"guidance": ["", guidance.key]}
    record(
        actor=actor, action="answer.to_guidance", target=row, system_id=system_id, changes=changes
    )
    return guidance


def _asked(body: str) -> str:
    """The question in one line, without the names of those whom it called."""
    return " ".join(MENTION.sub("", glance(body)).split()).lstrip(",:;- ")
