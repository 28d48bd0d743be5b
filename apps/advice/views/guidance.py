"""One piece of guidance as an article, what was asked about it, and its way into an item."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.policy import may
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.advice.answers import answer_to_guidance
from apps.advice.guidance_forms import AnswerForm, AskForm, UsefulForm
from apps.automation.selectors import automations_guarding
from apps.common.errors import Conflict, Invalid, Missing
from apps.common.said import said
from apps.guidance.article import article
from apps.guidance.forms import PublishForm
from apps.guidance.models import Guidance, GuidanceState
from apps.guidance.selectors import (
    guidance_get,
    usefulness_of,
    versions_of,
    vote_of,
    votes_on,
    writes,
)
from apps.guidance.services import TEXT_FIELDS, vote_give, vote_take_back
from apps.planning.models import Question
from apps.planning.selectors import (
    answer_get,
    question_get,
    questions_on_guidance,
)
from apps.planning.services.questions import (
    answer_accept,
    question_answer,
    question_ask_of_guidance,
)
from apps.risks.selectors import statements_from_guidance

USES_SHOWN = 8  # risks that were made from it
WORDS_SHOWN = 20  # of readers, the newest; the API has them all


@require_GET
def guidance_page(request: PageRequest, pk: int) -> HttpResponse:
    return _article_page(request, guidance_get(request.actor, pk))


def _article_page(
    request: PageRequest,
    guidance: Guidance,
    *,
    ask: AskForm | None = None,
    answer: tuple[int, AnswerForm] | None = None,
    useful: UsefulForm | None = None,
) -> HttpResponse:
    """The article: what is published, or the draft for those who write."""
    viewer = request.actor
    text = guidance.current or guidance
    edits = writes(viewer)
    asked = questions_on_guidance(viewer, guidance.pk)
    may_answer = may(viewer, Permission.QUESTION_ANSWER)
    context = {
        "guidance": guidance,
        "text": text,
        "article": article(text.body),
        "versions": list(versions_of(viewer, guidance.pk)[:5]),
        "writes": edits,
        "has_changes": edits and guidance.current is not None and _is_publishable(guidance),
        "may_publish": edits and _is_publishable(guidance),
        "may_retire": edits and guidance.state == GuidanceState.PUBLISHED,
        "may_return": edits and guidance.state == GuidanceState.RETIRED,
        "may_use": guidance.state == GuidanceState.PUBLISHED
        and viewer.systems_with(Permission.STATEMENT_EDIT) != frozenset(),
        "used": list(statements_from_guidance(viewer, guidance.pk)[: USES_SHOWN + 1]),
        "uses_shown": USES_SHOWN,
        "guarded_by": automations_guarding(viewer, guidance.pk)[:USES_SHOWN],
        "publish_form": PublishForm(auto_id="publish_%s"),
        "ask_form": ask or AskForm(auto_id="ask_%s"),
        "questions": [
            (
                question,
                _answer_form(question, answer) if may_answer else None,
                _accepts(request, question, may_answer=may_answer),
            )
            for question in asked
        ],
    }
    context |= _useful(request, guidance, useful)
    refused = ask or useful or (answer and answer[1])
    return render(request, "guidance/detail.html", context, status=422 if refused else 200)


def _useful(request: PageRequest, guidance: Guidance, refused: UsefulForm | None) -> dict[str, Any]:
    """What the viewer said of the article; for those who write, what all readers said."""
    viewer = request.actor
    vote = vote_of(viewer, guidance)
    words = votes_on(viewer, guidance.pk).exclude(missing="") if writes(viewer) else ()
    initial = {"missing": vote.missing if vote else ""}
    return {
        "vote": vote,
        "may_vote": guidance.state == GuidanceState.PUBLISHED
        and may(viewer, Permission.GUIDANCE_DISCUSS),
        "useful_form": refused or UsefulForm(initial=initial, auto_id="useful_%s"),
        "usefulness": usefulness_of(viewer, guidance),
        "missing_words": words[:WORDS_SHOWN],
    }


def _is_publishable(guidance: Guidance) -> bool:
    """Whether there is something that readers do not have yet: the words, since retiring is no edit of them."""
    published = guidance.current
    return published is None or any(
        getattr(published, name) != getattr(guidance, name) for name in TEXT_FIELDS
    )


def _answer_form(question: Question, refused: tuple[int, AnswerForm] | None) -> AnswerForm:
    if refused and refused[0] == question.pk:
        return refused[1]
    return AnswerForm(auto_id=f"answer_{question.pk}_%s")


def _accepts(request: PageRequest, question: Question, *, may_answer: bool) -> bool:
    """Whoever asked says which answer helped; those who answer may, too."""
    return may_answer or (
        question.asked_by_id == request.actor.user_id
        and may(request.actor, Permission.QUESTION_ASK)
    )


@require_POST
def answer_guidance_action(request: PageRequest, pk: int) -> HttpResponse:
    """A draft of an answer, and on to its editor."""
    answer = answer_get(request.actor, pk)
    try:
        guidance = answer_to_guidance(actor=request.actor, answer=answer)
    except Conflict as error:
        messages.info(request, said(error.message))
        answer.refresh_from_db()
        return redirect("guidance-detail", answer.guidance_id)
    messages.success(
        request,
        _("A draft is made of the answer. Take out what is of one system only, then publish it."),
    )
    return redirect("guidance-edit", guidance.pk)


@require_POST
def guidance_ask_action(request: PageRequest, pk: int) -> HttpResponse:
    guidance = guidance_get(request.actor, pk)
    form = AskForm(request.POST, auto_id="ask_%s")
    if not form.is_valid():
        return _article_page(request, guidance, ask=form)
    try:
        question = question_ask_of_guidance(
            actor=request.actor, guidance=guidance, body=form.cleaned_data["body"]
        )
    except Invalid as error:
        form.add_error("body", error.fields["body"])
        return _article_page(request, guidance, ask=form)
    messages.success(request, _("Asked. The answer will stand here."))
    return redirect(f"{reverse('guidance-detail', args=[pk])}#question-{question.pk}")


@require_POST
def guidance_answer_action(request: PageRequest, pk: int, question_id: int) -> HttpResponse:
    guidance = guidance_get(request.actor, pk)
    question = _question_of(request, guidance, question_id)
    form = AnswerForm(request.POST, auto_id=f"answer_{question.pk}_%s")
    if not form.is_valid():
        return _article_page(request, guidance, answer=(question.pk, form))
    question_answer(actor=request.actor, question=question, body=form.cleaned_data["body"])
    return redirect(f"{reverse('guidance-detail', args=[pk])}#question-{question.pk}")


@require_POST
def guidance_accept_action(request: PageRequest, pk: int, answer_id: int) -> HttpResponse:
    guidance = guidance_get(request.actor, pk)
    answer = answer_get(request.actor, answer_id)
    _question_of(request, guidance, answer.question_id)
    is_accepted = request.POST.get("undo") != "1"
    answer_accept(actor=request.actor, answer=answer, is_accepted=is_accepted)
    return redirect(f"{reverse('guidance-detail', args=[pk])}#question-{answer.question_id}")


def _question_of(request: PageRequest, guidance: Guidance, question_id: int) -> Question:
    """A question, if it is one on this piece. Raises: Missing."""
    question = question_get(request.actor, question_id)
    if question.guidance_id != guidance.pk:
        raise Missing(_("There is no such question on this guidance."))
    return question


@require_POST
def guidance_useful_action(request: PageRequest, pk: int) -> HttpResponse:
    guidance = guidance_get(request.actor, pk)
    form = UsefulForm(request.POST, auto_id="useful_%s")
    if not form.is_valid():
        return _article_page(request, guidance, useful=form)
    try:
        vote_give(actor=request.actor, guidance=guidance, **form.said())
    except Conflict as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Thank you. Your answer is kept."))
    return redirect(f"{reverse('guidance-detail', args=[pk])}#useful")


@require_POST
def guidance_useful_undo_action(request: PageRequest, pk: int) -> HttpResponse:
    vote_take_back(actor=request.actor, guidance=guidance_get(request.actor, pk))
    messages.success(request, _("Your answer is taken back."))
    return redirect(f"{reverse('guidance-detail', args=[pk])}#useful")
