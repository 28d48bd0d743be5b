"""Asking from any page, all questions there are, and the page of one that stands on no other page."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.mentions import people_called
from apps.accounts.policy import may
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.advice.asking import Subject, ask, subject_at, subject_of, subject_system
from apps.advice.forms import LONGEST, AnswerForm
from apps.advice.forms_questions import AskAnywhereForm, QuestionFilterForm
from apps.catalog.selectors import systems_offered, systems_permitting
from apps.common.addresses import address, whole_number
from apps.common.errors import Invalid
from apps.common.forms import apply_domain_errors
from apps.guidance.selectors import Filter, guidance_list, text_for
from apps.planning.models import Question
from apps.planning.places import about_path, question_path, question_place
from apps.planning.selectors import (
    ItemFilter,
    items_writable,
    question_get,
    questions_list,
)

OFFERED = 8  # items, and pieces of guidance, that a question may be about
PAGE = 50
NAMES = ("show", "system", "about", "q")


@require_http_methods(["GET", "POST"])
def question_ask_page(request: PageRequest) -> HttpResponse:
    """The form, as a page or as a part for the dialog; `at` is the path from which somebody asks."""
    systems = systems_permitting(request.actor, Permission.QUESTION_ASK).order_by("name")
    if request.method == "POST":
        return _asked(request, AskAnywhereForm(request.POST, systems=systems))
    at = request.GET.get("at", "")[:300]
    subject = subject_at(request.actor, at)
    initial = {"at": at, "about": subject.path if subject else ""}
    form = AskAnywhereForm(systems=systems, initial=initial)
    return _shown(request, form, subject)


def _asked(request: PageRequest, form: AskAnywhereForm) -> HttpResponse:
    about = form.data.get("about", "")[:300]
    subject = subject_at(request.actor, about) if about else None
    if "anything" in request.POST:  # the chip was taken off; what was typed stays
        given = {name: form.data.get(name, "")[:LONGEST] for name in ("body", "at")}
        kept = AskAnywhereForm(systems=form.fields["system"].queryset, initial=given)  # type: ignore[attr-defined]
        return _shown(request, kept, None)
    if form.is_valid():
        if about and subject is None:
            form.add_error(None, lazy("What it was about is gone, or no longer yours to see."))
        else:
            try:
                question = _ask(request, form, subject)
            except Invalid as error:
                apply_domain_errors(form, error)
            else:
                return _sent(request, form, question)
    return _shown(request, form, subject, status=422)


def _ask(request: PageRequest, form: AskAnywhereForm, subject: Subject | None) -> Question:
    given = form.cleaned_data
    if subject is None and given["system"]:
        subject = subject_system(given["system"])
    return ask(actor=request.actor, subject=subject, body=given["body"])


def _sent(request: PageRequest, form: AskAnywhereForm, question: Question) -> HttpResponse:
    """A message that leads to the question: into the page that is open, or on the one to return to."""
    path = question_path(question)
    if request.htmx:
        return render(request, "advice/_asked.html", {"path": path})
    said = _("Asked. It waits for those who may answer.")
    link = format_html('{} <a href="{}">{}</a>', said, path, _("See the question"))
    messages.success(request, link)
    return redirect(_page_at(form.cleaned_data["at"]) or path)


def _page_at(path: str) -> str:
    """The path, if it is one of ours. SECURITY: else a form could lead people elsewhere."""
    try:
        resolve(path)
    except Resolver404:
        return ""
    return "" if path.startswith("//") else path


def _shown(
    request: PageRequest, form: AskAnywhereForm, subject: Subject | None, *, status: int = 200
) -> HttpResponse:
    system = subject.of_system if subject else None
    context = {"form": form, "subject": subject, "system": system.key if system else ""}
    if request.htmx:
        return render(request, "advice/_ask.html", context, status=status)
    return render(request, "advice/ask.html", context | _offered(request), status=status)


def _offered(request: PageRequest) -> dict[str, Any]:
    """What else a question may be about, found by words: for those without a script, or away from any page."""
    viewer, text = request.actor, request.GET.get("q", "")[:200]
    items = items_writable(viewer, Permission.QUESTION_ASK, ItemFilter(text=text))[:OFFERED]
    pieces = guidance_list(viewer, Filter(text=text))[:OFFERED]
    return {
        "text": text,
        "items": items,
        "pieces": [(each, text_for(viewer, each)) for each in pieces],
    }


@require_GET
def question_list_page(request: PageRequest) -> HttpResponse:
    """All that was asked, the newest first; a page ends at an id (`before`)."""
    viewer, path = request.actor, reverse("question-list")
    form = QuestionFilterForm(
        request.GET, systems=systems_offered(viewer, request.GET.get("system", ""))
    )
    found = questions_list(viewer, form.wanted())
    before = whole_number(request.GET.get("before", ""))
    rows = list((found.filter(pk__lt=before) if before else found)[: PAGE + 1])
    more, rows = len(rows) > PAGE, rows[:PAGE]
    end = {"before": str(rows[-1].pk)} if more else {}
    context = {
        "form": form,
        "rows": [(each, question_path(each), question_place(each)) for each in rows],
        "called": people_called(name for each in rows for name in each.names),
        "active": [
            (label, words, address(path, request.GET, NAMES, **{name: ""}))
            for name, label, words in form.active()
        ],
        "clear_url": path,
        "next_url": address(path, request.GET, NAMES, **end) if more else "",
        "first_url": address(path, request.GET, NAMES) if before else "",
    }
    return render(request, "advice/question_list.html", context)


@require_GET
def question_page(request: PageRequest, pk: int) -> HttpResponse:
    """One question with its answers; where it stands on an item or on guidance, that page."""
    question = question_get(request.actor, pk)
    path = question_path(question)
    if question.item_id or question.guidance_id:
        return redirect(path)
    return question_shown(request, question)


def question_shown(
    request: PageRequest, question: Question, refused: AnswerForm | None = None
) -> HttpResponse:
    """The page; with a form of an answer that was refused."""
    viewer = request.actor
    may_answer = may(viewer, Permission.QUESTION_ANSWER, question.system)
    context = {
        "question": question,
        "answers": list(question.answers.all()),
        "subject": subject_of(viewer, question),
        "about_url": about_path(question),
        "may_answer": may_answer,
        "may_accept": may_answer or question.asked_by_id == viewer.user_id,
        "answer_form": refused or AnswerForm(prefix=f"answer-{question.pk}"),
    }
    return render(request, "advice/question.html", context, status=422 if refused else 200)
