"""Questions and answers: how advice begins."""

from django.db import models, transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.mentions import mentioned
from apps.accounts.policy import Scoped, require
from apps.accounts.roles import Permission
from apps.audit.rows import made
from apps.audit.services import record
from apps.catalog.models import System
from apps.common import events
from apps.common.errors import Invalid
from apps.planning.models import Answer, PlanningItem, Question


@transaction.atomic
def question_ask(*, actor: Actor, item: PlanningItem, body: str, about: str = "") -> Question:
    """about: the key of an option or a risk statement of the item, where it is asked of that."""
    require(actor, Permission.QUESTION_ASK, item)
    return _ask(actor, Question(item=item, about=about, body=body, asked_by=actor.user))


@transaction.atomic
def question_ask_of_system(*, actor: Actor, system: System, body: str, about: str = "") -> Question:
    """about: the key of something of the system, such as a control, where it is asked of that."""
    require(actor, Permission.QUESTION_ASK, system)
    return _ask(actor, Question(system=system, about=about, body=body, asked_by=actor.user))


@transaction.atomic
def question_ask_everybody(*, actor: Actor, body: str) -> Question:
    """Ask on no single thing: whoever reads the library reads it, and whoever signs in may ask."""
    require(actor, Permission.GUIDANCE_DISCUSS)
    return _ask(actor, Question(body=body, asked_by=actor.user))


@transaction.atomic
def question_ask_of_guidance(*, actor: Actor, guidance: models.Model, body: str) -> Question:
    """Ask on a piece of guidance; everyone who signs in may."""
    require(actor, Permission.GUIDANCE_DISCUSS)
    return _ask(actor, Question(guidance_id=guidance.pk, body=body, asked_by=actor.user))


def _ask(actor: Actor, question: Question) -> Question:
    if not question.body.strip():
        raise Invalid({"body": "Write the question."})
    question.names = _names_in(question.body, question)
    question.save()
    system_id = question.access_system_id
    record(
        actor=actor,
        action="question.ask",
        target=question,
        system_id=system_id,
        changes=made(question),
    )
    events.append("question.asked", {"question_id": question.pk, "system_id": system_id})
    return question


@transaction.atomic
def question_answer(*, actor: Actor, question: Question, body: str) -> Answer:
    require(actor, Permission.QUESTION_ANSWER, _scope(question))
    if not body.strip():
        raise Invalid({"body": "Write the answer."})
    names = _names_in(body, question)
    answer = Answer.objects.create(
        question=question, body=body, names=names, answered_by=actor.user
    )
    system_id = question.access_system_id
    record(
        actor=actor,
        action="question.answer",
        target=answer,
        system_id=system_id,
        changes=made(answer),
    )
    events.append("question.answered", {"question_id": question.pk, "answer_id": answer.pk})
    return answer


@transaction.atomic
def answer_accept(*, actor: Actor, answer: Answer, is_accepted: bool = True) -> Answer:
    """Say that this one answers the question, or take that back: whoever asked it, or those who may answer."""
    question = answer.question
    if question.asked_by_id != actor.user_id or actor.user_id is None:
        require(actor, Permission.QUESTION_ANSWER, _scope(question))
    else:
        require(actor, Permission.QUESTION_ASK, _scope(question))
    if is_accepted:
        question.answers.exclude(pk=answer.pk).update(accepted_at=None)
    told = {"is_accepted": [answer.accepted_at is not None, is_accepted]}
    answer.accepted_at = timezone.now() if is_accepted else None
    answer.save(update_fields=["accepted_at"])
    action = "answer.accept" if is_accepted else "answer.accept_undo"
    system_id = question.access_system_id
    record(actor=actor, action=action, target=answer, system_id=system_id, changes=told)
    return answer


def _names_in(body: str, question: Question) -> list[str]:
    """Those named who may read it."""
    return mentioned(body, question.reading_right, question.access_system_id)


def _scope(question: Question) -> Scoped | None:
    return question.item or question.system
