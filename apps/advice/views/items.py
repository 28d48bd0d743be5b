"""The page of a planning item, and what is written on it: questions, advice, the decision."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.advice.alike import Alike, alike_to_plan
from apps.advice.forms import AnswerForm, AskForm, DecisionForm, RecommendForm
from apps.advice.item_history import item_history
from apps.advice.item_page import ItemView, item_view, read_as
from apps.advice.views.figures import item_figures
from apps.advice.views.questions import question_shown
from apps.common.errors import Conflict, Invalid
from apps.common.forms import apply_domain_errors
from apps.planning.forms import RevisitForm, UndoForm
from apps.planning.models import Question
from apps.planning.places import about_path, question_path
from apps.planning.selectors import answer_get, item_get, question_get
from apps.planning.services.decisions import decision_revisit, recommendation_make, undoable
from apps.planning.services.questions import answer_accept, question_answer, question_ask
from apps.planning.views import CREATED
from apps.risks.services.decisions import decision_confirm, decision_record_with_treatments


@require_GET
def item_history_page(request: PageRequest, pk: int) -> HttpResponse:
    return render(request, "planning/history.html", {"history": item_history(request.actor, pk)})


@require_GET
def item_page(request: PageRequest, pk: int) -> HttpResponse:
    return _page(request, item_view(request.actor, pk))


def item_shown(request: PageRequest, pk: int, **bound: Any) -> HttpResponse:
    """The page with a form that was refused."""
    return _page(request, item_view(request.actor, pk), status=422, **bound)


def _page(
    request: PageRequest, view: ItemView, *, status: int = 200, answers_open: int = 0, **bound: Any
) -> HttpResponse:
    """The document. `bound`: the form that was refused, by its name, with what was typed."""
    alike = _alike(request, view)
    figures = item_figures(view)
    decision_form = bound.get("decision_form") or DecisionForm(
        view=view, prefix="decision", initial=_last_choice(view)
    )
    context = {
        "view": view,
        "item": view.item,
        "read": read_as(view.changes),
        "figures": figures,
        "ask_form": bound.get("ask_form") or AskForm(),
        "recommend_form": bound.get("recommend_form") or RecommendForm(view=view, prefix="advice"),
        "decision_form": decision_form,
        "choices": [
            (radio, option, risks)
            for (radio, risks), option in zip(decision_form.choices(), figures.options, strict=True)
        ],
        "origin": view.origin,
        "undo_form": bound.get("undo_form") or UndoForm(prefix="undo"),
        "revisit_form": bound.get("revisit_form") or RevisitForm(prefix="revisit"),
        "may_undo": view.decision is not None and undoable(view.decision),
        "evidence_left": view.evidence_total - len(view.evidence),
        "suggested": alike.guidance,
        "alike": alike,
        "asked_guidance": "guidance" in request.GET,
        "threads": _threads(view, answers_open, bound.get("answer_form")),
    }
    return render(request, "planning/item.html", context, status=status)


def _alike(request: PageRequest, view: ItemView) -> Alike:
    """What is like it and may fit, right after the item was written or where somebody asks; not on every reading."""
    item = view.item
    is_new = request.session.get(CREATED) == item.pk
    if is_new:
        del request.session[CREATED]
    if not (is_new or "guidance" in request.GET):
        return Alike()
    alike = alike_to_plan(request.actor, item.title, item.question, item.stage, item.pk)
    linked = {each.pk for each in view.guidance}
    return replace(alike, guidance=[each for each in alike.guidance if each.pk not in linked])


def _last_choice(view: ItemView) -> dict[str, Any]:
    """A new decision begins where the one in force stands."""
    if view.decision is None:
        return {"instead_of": 0}
    chosen: dict[str, Any] = {"instead_of": view.decision.pk, "option": view.decision.option_id}
    for choice in view.decision.treatments.all():
        chosen[f"treatment_{choice.statement_id}"] = choice.treatment
    return chosen


def _threads(view: ItemView, opened: int, bound: AnswerForm | None) -> list[dict[str, Any]]:
    """Each question with its form for an answer; the refused one keeps its words."""
    return [
        {
            "question": question,
            "about": _about(view, question),
            "answers": list(question.answers.all()),
            "form": bound if bound and question.pk == opened else _answer_form(question.pk),
            # The first answer is what most come for; the form for the next question is right below.
            "opened": question.pk == opened if bound else not question.answers.all(),
        }
        for question in view.questions
    ]


def _about(view: ItemView, question: Question) -> tuple[str, str] | None:
    """What of the item it was asked about: its name, and where it stands."""
    if not question.about:
        return None
    names = {f"O-{each.option.pk}": each.option.title for each in view.options}
    return names.get(question.about, question.about), about_path(question)


def _answer_form(question_id: int, data: Any = None) -> AnswerForm:
    return AnswerForm(data, prefix=f"answer-{question_id}")


def _back(pk: int, anchor: str) -> HttpResponse:
    return redirect(f"{reverse('item-detail', args=[pk])}#{anchor}")


@require_POST
def item_ask(request: PageRequest, pk: int) -> HttpResponse:
    item = item_get(request.actor, pk)
    form = AskForm(request.POST)
    if form.is_valid():
        try:
            question = question_ask(actor=request.actor, item=item, body=form.cleaned_data["body"])
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _("Asked. It waits for those who may answer."))
            return _back(pk, f"question-{question.pk}")
    return _page(request, item_view(request.actor, pk), status=422, ask_form=form)


@require_POST
def question_answer_page(request: PageRequest, pk: int) -> HttpResponse:
    question = question_get(request.actor, pk)
    form = _answer_form(pk, request.POST)
    if form.is_valid():
        try:
            question_answer(actor=request.actor, question=question, body=form.cleaned_data["body"])
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _("Answered."))
            return _thread(question)
    if question.item_id is None and question.guidance_id is None:
        return question_shown(request, question, form)
    if question.item_id is None:
        messages.error(request, _("Write the answer."))
        return _thread(question)
    view = item_view(request.actor, question.item_id)
    return _page(request, view, status=422, answers_open=pk, answer_form=form)


def _thread(question: Question) -> HttpResponse:
    return redirect(question_path(question))


@require_POST
def answer_accept_page(request: PageRequest, pk: int) -> HttpResponse:
    answer = answer_get(request.actor, pk)
    is_accepted = request.POST.get("undo") != "1"
    answer_accept(actor=request.actor, answer=answer, is_accepted=is_accepted)
    said = (
        _("Marked as the answer.") if is_accepted else _("It is open again which one answers it.")
    )
    messages.success(request, said)
    return _thread(answer.question)


@require_POST
def item_recommend(request: PageRequest, pk: int) -> HttpResponse:
    view = item_view(request.actor, pk)
    form = RecommendForm(request.POST, view=view, prefix="advice")
    if form.is_valid():
        try:
            recommendation_make(
                actor=request.actor,
                item=view.item,
                option=form.chosen(),
                reason=form.cleaned_data["reason"],
            )
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _("The recommendation stands; it binds nobody."))
            return _back(pk, "recommendation")
    return _page(request, view, status=422, recommend_form=form)


@require_POST
def item_decide(request: PageRequest, pk: int) -> HttpResponse:
    view = item_view(request.actor, pk)
    form = DecisionForm(request.POST, view=view, prefix="decision")
    if form.is_valid():
        option = form.chosen()
        assert option is not None  # noqa: S101  # the field is required and offers this item's only
        try:
            decision_record_with_treatments(
                actor=request.actor,
                item=view.item,
                option=option,
                reason=form.cleaned_data["reason"],
                valid_until=form.cleaned_data["valid_until"],
                treatments=form.treatments(),
                instead_of=form.cleaned_data["instead_of"],
            )
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as error:
            form.add_conflict(error.message)
            return _page(request, view, status=409, decision_form=form)
        else:
            messages.success(request, _("Recorded."))
            return _back(pk, "decision")
    return _page(request, view, status=422, decision_form=form)


@require_POST
def item_confirm(request: PageRequest, pk: int) -> HttpResponse:
    """Stand by the decision that the page showed, on what its risks are worth now."""
    view = item_view(request.actor, pk)
    if view.decision is None or str(view.decision.pk) != request.POST.get("decision"):
        messages.warning(request, _("Another decision was recorded meanwhile; look again."))
        return _back(pk, "decision")
    if request.POST.get("read", now := read_as(view.changes)) != now:
        messages.warning(request, _("The values have changed since you read them; look again."))
        return _back(pk, "decision")
    try:
        decision_confirm(actor=request.actor, decision=view.decision)
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("Confirmed, on what the risks are worth now."))
    return _back(pk, "decision")


@require_POST
def item_revisit(request: PageRequest, pk: int) -> HttpResponse:
    item = item_get(request.actor, pk)
    require(request.actor, Permission.DECISION_RECORD, item)
    form = RevisitForm(request.POST, prefix="revisit")
    if not form.is_valid():
        return item_shown(request, pk, revisit_form=form)
    decision_revisit(actor=request.actor, item=item, reason=form.cleaned_data["reason"])
    messages.success(request, _("Taken up again; the old decision stays in the history."))
    return _back(pk, "decision")
