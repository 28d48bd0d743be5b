"""Writing a risk statement, with a preview of its value. Its page is in apps/advice/views."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.common.errors import EditConflict, Invalid, Missing, NotPermitted
from apps.common.forms import apply_domain_errors
from apps.common.ui.curve import Curve
from apps.guidance.models import Guidance, GuidanceText, GuidanceVersion
from apps.guidance.selectors import guidance_get
from apps.planning.models import PlanningItem
from apps.planning.selectors import ItemFilter, item_get, items_writable, options_of
from apps.risks.estimate_form import EstimateForm
from apps.risks.forms import StatementCreateForm, StatementEditForm
from apps.risks.models import RiskStatement
from apps.risks.selectors import statement_get
from apps.risks.services.estimates import ENDS, Reading, read_estimate
from apps.risks.services.statements import (
    StatementInput,
    blanks_refuse,
    statement_create,
    statement_edit,
    statement_publish,
)
from apps.risks.services.valuations import money, simulated

FOUND = 20
PREFILLED = (
    *("condition", "consequence", "rationale", "cwes"),
    *("frequency_low", "frequency_high", "magnitude_low", "magnitude_high"),
)


@dataclass(frozen=True)
class Preview:
    """The value of ranges that are not saved. Money in the organisation's currency."""

    expected: Decimal
    low: Decimal
    high: Decimal
    probability: float
    curves: list[Curve]


@require_http_methods(["GET", "POST"])
def statement_create_page(request: PageRequest) -> HttpResponse:
    """A new statement on ?item=, for ?option=, from ?guidance=G-3. Without an item, choose one."""
    guidance = _guidance(request)
    pk = _number(request.GET.get("item", ""), "PI-")
    if pk is None:
        return _choose_item(request, guidance)
    item = item_get(request.actor, pk)
    require(request.actor, Permission.STATEMENT_EDIT, item)
    form = _create_form(request, item, guidance)
    if request.method == "POST" and form.is_valid() and "preview" not in request.POST:
        created = _create(request, form, item, guidance)
        if created is not None:
            return created
    context = {"form": form, "item": item, "guidance": guidance, "preview": _preview_of(form)}
    return render(request, "risks/statement_form.html", context, status=_status(request, form))


def _create(
    request: PageRequest,
    form: StatementCreateForm,
    item: PlanningItem,
    guidance: Guidance | None,
) -> HttpResponse | None:
    option = options_of(request.actor, item.pk).filter(pk=form.cleaned_data["option"]).first()
    try:
        if "publish" in request.POST:
            blanks_refuse(form.cleaned_data["condition"], form.cleaned_data["consequence"])
        statement = statement_create(
            actor=request.actor,
            item=item,
            option=option,
            content=form.content(),
            origin=guidance.current if guidance else None,
        )
    except Invalid as error:
        apply_domain_errors(form, form.named(error))
        return None
    if "publish" in request.POST:
        statement_publish(actor=request.actor, statement=statement)
        messages.success(request, _("%(key)s is published.") % {"key": statement.key})
        return redirect("item-detail", item.pk)
    messages.success(
        request, _("%(key)s is a draft. Publish it when it holds.") % {"key": statement.key}
    )
    return redirect("statement-detail", statement.pk)


def _create_form(
    request: PageRequest, item: PlanningItem, guidance: Guidance | None
) -> StatementCreateForm:
    options = [(option.pk, option.title) for option in options_of(request.actor, item.pk)]
    initial: dict[str, Any] = _from_guidance(guidance)
    initial["option"] = _number(request.GET.get("option", ""))
    return StatementCreateForm(request.POST or None, options=options, initial=initial)


def _from_guidance(guidance: Guidance | None) -> dict[str, Any]:
    """What a piece of guidance says, as far as it does; its published version if any."""
    if guidance is None:
        return {}
    text: GuidanceText | GuidanceVersion = guidance.current or guidance
    return {name: getattr(text, name) for name in PREFILLED}


def _choose_item(request: PageRequest, guidance: Guidance | None) -> HttpResponse:
    """Where does it apply? A short list of the items that the viewer may write risks on."""
    text = request.GET.get("q", "")[:200].replace("\x00", "")
    items = items_writable(request.actor, Permission.STATEMENT_EDIT, ItemFilter(text=text))
    if not text and not items.exists() and request.actor.systems_with(
        Permission.STATEMENT_EDIT
    ) == frozenset():  # fmt: skip
        require(request.actor, Permission.STATEMENT_EDIT)
    context = {"items": items[:FOUND], "guidance": guidance, "text": text}
    return render(request, "risks/choose_item.html", context)


@require_http_methods(["GET", "POST"])
def statement_edit_page(request: PageRequest, pk: int) -> HttpResponse:
    statement = statement_get(request.actor, pk)
    require(request.actor, Permission.STATEMENT_EDIT, statement)
    names = StatementInput.__dataclass_fields__
    initial = {name: getattr(statement, name) for name in names} | {"version": statement.version}
    form = StatementEditForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and "preview" not in request.POST:
        content, version = form.content(), form.cleaned_data["version"]
        try:
            statement_edit(
                actor=request.actor, statement=statement, version=version, content=content
            )
        except Invalid as error:
            apply_domain_errors(form, form.named(error))
        except EditConflict as conflict:
            form.add_conflict(current_version=conflict.current_version)
        else:
            messages.success(request, _("Saved. Readers see it when it is published."))
            return redirect("statement-detail", pk)
    context = {
        "form": form,
        "statement": statement,
        "item": statement.item,
        "preview": _preview_of(form, statement),
    }
    status = 409 if form.is_conflict else _status(request, form)
    return render(request, "risks/statement_form.html", context, status=status)


@require_POST
def statement_preview(request: PageRequest) -> HttpResponse:
    """The value of the ranges being typed, as a fragment. Stores nothing."""
    if request.actor.systems_with(Permission.STATEMENT_EDIT) == frozenset():
        raise NotPermitted("Values are worked out for those who write risk statements.")
    edited = _edited(request)
    form = EstimateForm(request.POST, initial={"estimate": edited.estimate if edited else {}})
    preview = _preview_of(form, edited)
    if preview and edited and "beside" in request.GET:
        preview = replace(preview, curves=[*_saved(edited), *preview.curves])
    context = {"preview": preview, "problems": [] if preview else _problems(form)}
    return render(request, "risks/_preview.html", context)


def _problems(form: EstimateForm) -> list[tuple[str, str]]:
    """(where, what is wrong) of what was typed and cannot be; what is still empty is no problem."""
    parts = {"frequency": _("How often"), "magnitude": _("How much")}
    return [
        (
            " · ".join(filter(None, [parts.get(name.partition("_")[0], ""), str(bound.label)])),
            str(words),
        )
        for name, bound in form.fields.items()
        if form.data.get(name)
        for words in form.errors.get(name, [])
    ]


def _saved(statement: RiskStatement) -> list[Curve]:
    """The value that readers see now, to compare what is being typed with."""
    points = statement.told.valuation.curve
    return [Curve(_("As it is now"), [(loss, chance) for loss, chance in points])] if points else []


def _edited(request: PageRequest) -> RiskStatement | None:
    """The statement being edited: its form may leave the estimate as it is."""
    pk = _number(request.GET.get("statement", ""), "RS-")
    return None if pk is None else statement_get(request.actor, pk)


def _preview_of(form: EstimateForm, edited: RiskStatement | None = None) -> Preview | None:
    """The value of a form's ranges with the controls in place; None until they are complete and valid.

    Of the statement being edited it is the value that publishing will store, to the digit. A new one gets the luck of
    its key once it has one: its percentiles may then differ by the noise of the simulation.
    """
    try:
        reading = _reading(form)
        if reading is None:
            return None
        valued = simulated(
            reading,
            name=edited.key if edited else "",
            controls=edited.controls if edited else (),
        )
    except Invalid as error:
        if form.is_bound:
            apply_domain_errors(form, form.named(error))
        return None
    points = zip(valued.curve_thresholds, valued.curve_probabilities, strict=True)
    return Preview(
        expected=money(valued.expected_annual_loss),
        low=money(valued.percentiles["p5"]),
        high=money(valued.percentiles["p95"]),
        probability=valued.probability_of_loss,
        curves=[Curve(_("With these numbers"), list(points))],
    )


def _reading(form: EstimateForm) -> Reading | None:
    """What was typed, else what the form began with; None while something is missing or wrong.

    Raises: Invalid.
    """
    if not form.is_bound:
        ends = {name: form.initial.get(name) for name in ENDS}
        detail = form.initial.get("estimate") or {}
        return read_estimate(ends, detail) if detail or None not in ends.values() else None
    return read_estimate(form.ends(), form.detail()) if form.has_estimate else None


def _status(request: PageRequest, form: EstimateForm) -> int:
    return 422 if form.errors and "preview" not in request.POST else 200


def _guidance(request: PageRequest) -> Guidance | None:
    pk = _number(request.GET.get("guidance", ""), "G-")
    return None if pk is None else guidance_get(request.actor, pk)


def _number(text: str, prefix: str = "") -> int | None:
    """The number of a key such as "PI-7" or "7"; None for nothing. Raises: Missing for nonsense."""
    digits = text.strip().upper().removeprefix(prefix)
    if not digits:
        return None
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise Missing("There is nothing of that key.")
    return int(digits)
