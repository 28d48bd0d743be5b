"""What a question is about: the thing on whose page somebody asks."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.urls import Resolver404, ResolverMatch, resolve, reverse

from apps.accounts.actors import Actor
from apps.accounts.policy import may
from apps.accounts.roles import Permission
from apps.automation.selectors import automation_get
from apps.catalog.models import System
from apps.catalog.selectors import system_get
from apps.common.errors import Invalid, Missing
from apps.common.references import PAGES
from apps.controls.selectors import control_get
from apps.guidance.models import Guidance
from apps.guidance.selectors import guidance_get, text_for
from apps.planning.models import PlanningItem, Question
from apps.planning.places import about_path
from apps.planning.selectors import item_get, option_get
from apps.planning.services.questions import (
    question_ask,
    question_ask_everybody,
    question_ask_of_guidance,
    question_ask_of_system,
)
from apps.risks.selectors import statement_get
from apps.scans.selectors import finding_get, report_get


@dataclass(frozen=True)
class Subject:
    """One thing that a question is about. It stands on exactly one of item, guidance and system.

    key: as people call it ("RS-12"), empty for what has none. path: of its page, which names it in a form.
    about: its key where it is something of the item or of the system (Question.about). thing: itself.
    """

    key: str
    title: str
    path: str
    item: PlanningItem | None = None
    guidance: Guidance | None = None
    system: System | None = None
    about: str = ""
    thing: Model | None = None

    @property
    def of_system(self) -> System | None:
        """The system whose people will read the question; None in the library, which everybody reads."""
        return self.item.system if self.item else self.system

    def may_be_asked_about(self, viewer: Actor) -> bool:
        if self.guidance is not None:
            return may(viewer, Permission.GUIDANCE_DISCUSS)
        return may(viewer, Permission.QUESTION_ASK, self.item or self.system)


def subject_at(viewer: Actor, path: str) -> Subject | None:
    """What the page with this path is about, as far as the viewer may see it and ask about it."""
    try:
        subject = subject_on(viewer, resolve(path))
    except Resolver404:
        return None
    return subject if subject and subject.may_be_asked_about(viewer) else None


def subject_on(viewer: Actor, page: ResolverMatch) -> Subject | None:
    """What a page is about, as far as the viewer may see it."""
    find = _ABOUT.get(page.url_name or "")
    try:
        return find(viewer, **page.kwargs) if find else None
    except Missing:
        return None


def subject_named(viewer: Actor, key: str) -> Subject:
    """What a key names: RS-12, PI-7, G-3, C-4, AU-5, F-812, O-9, or that of a system. Raises: Invalid."""
    found = _KEY.fullmatch(key)
    try:
        subject = (
            _ABOUT[_NAMED[found[1]]](viewer, pk=int(found[2])) if found else _system(viewer, key)
        )
    except Missing:
        subject = None
    if subject is None or not subject.may_be_asked_about(viewer):
        raise Invalid({"about": "There is no such thing that you may ask about."})
    return subject


def subject_of(viewer: Actor, question: Question) -> Subject | None:
    """What a question was asked about beyond its item or system, as its reader sees that today."""
    path = about_path(question)
    return subject_at(viewer, path) if path else None


def ask(*, actor: Actor, subject: Subject | None, body: str) -> Question:
    """Ask about the subject; about none, everybody. Raises: Invalid, NotPermitted, Missing."""
    if subject is None:
        return question_ask_everybody(actor=actor, body=body)
    if subject.guidance is not None:
        return question_ask_of_guidance(actor=actor, guidance=subject.guidance, body=body)
    if subject.item is not None:
        return question_ask(actor=actor, item=subject.item, body=body, about=subject.about)
    assert subject.system is not None  # noqa: S101  # a subject stands on one of the three
    return question_ask_of_system(
        actor=actor, system=subject.system, body=body, about=subject.about
    )


def subject_system(system: System) -> Subject:
    page = reverse("system-detail", args=[system.key])
    return Subject("", system.name, page, system=system, thing=system)


def _item(viewer: Actor, pk: int) -> Subject:
    item = item_get(viewer, pk)
    page = reverse("item-detail", args=[pk])
    return Subject(item.key, item.title, page, item=item, thing=item)


def _option(viewer: Actor, pk: int) -> Subject:
    option = option_get(viewer, pk)
    page = reverse("option-edit", args=[pk])
    return Subject("", option.title, page, item=option.item, about=f"O-{pk}")


def _statement(viewer: Actor, pk: int, **_rest: Any) -> Subject:
    row = statement_get(viewer, pk)
    page = reverse("statement-detail", args=[pk])
    title = row.told.if_clause
    return Subject(row.key, title, page, item=row.item, about=row.key, thing=row)


def _guidance(viewer: Actor, pk: int, **_rest: Any) -> Subject:
    row = guidance_get(viewer, pk)
    page = reverse("guidance-detail", args=[pk])
    return Subject(row.key, text_for(viewer, row).title, page, guidance=row)


def _finding(viewer: Actor, pk: int) -> Subject:
    row = finding_get(viewer, pk)
    page = reverse("finding-detail", args=[pk])
    return Subject("", row.title, page, system=row.system, about=f"F-{pk}", thing=row)


def _control(viewer: Actor, pk: int) -> Subject:
    row = control_get(viewer, pk)
    page = reverse("control-detail", args=[pk])
    return Subject(row.key, row.name, page, system=row.system, about=row.key)


def _automation(viewer: Actor, pk: int) -> Subject:
    row = automation_get(viewer, pk)
    page = reverse("automation-detail", args=[pk])
    return Subject(row.key, row.name, page, system=row.system, about=row.key)


def _system(viewer: Actor, key: str) -> Subject:
    return subject_system(system_get(viewer, key))


def _report(viewer: Actor, uid: uuid.UUID) -> Subject:
    return subject_system(report_get(viewer, uid).system)


_KEY = re.compile(r"(AU|[CFGO]|PI|RS)-([1-9]\d{0,17})", re.ASCII)
_NAMED = {**PAGES, "O": "option-edit"}
# By the name of a page: who finds what it is about, raising Missing.
_ABOUT: dict[str, Callable[..., Subject]] = {
    "item-detail": _item,
    "item-edit": _item,
    "option-create": _item,
    "option-edit": _option,
    "statement-detail": _statement,
    "statement-edit": _statement,
    "statement-assumptions": _statement,
    "evidence-rules": _statement,
    "evidence-count": _statement,
    "guidance-detail": _guidance,
    "guidance-edit": _guidance,
    "guidance-versions": _guidance,
    "guidance-version": _guidance,
    "finding-detail": _finding,
    "control-detail": _control,
    "control-edit": _control,
    "control-effect": _control,
    "automation-detail": _automation,
    "automation-edit": _automation,
    "system-detail": _system,
    "system-edit": _system,
    "system-roles": _system,
    "system-coverage": _system,
    "rapid-assessment": _system,
    "report-detail": _report,
}
