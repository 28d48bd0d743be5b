"""The library's list, and writing it. The article is in apps/advice/views: it has questions."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.common.addresses import address
from apps.common.errors import Conflict, EditConflict, Invalid
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors
from apps.common.ui.diff import DiffLine, diff_lines
from apps.guidance.article import article
from apps.guidance.forms import (
    GuidanceEditForm,
    GuidanceFilterForm,
    GuidanceForm,
    PublishForm,
    as_text,
    initial_of,
)
from apps.guidance.models import Guidance
from apps.guidance.selectors import (
    guidance_get,
    guidance_sought,
    technologies,
    text_for,
    version_get,
    versions_of,
    writes,
)
from apps.guidance.services import (
    guidance_create,
    guidance_edit,
    guidance_publish,
    guidance_retire,
    guidance_return,
)

SHOWN = 200
FILTERS = ("q", "stage", "technology", "cwe")


@require_GET
def guidance_list_page(request: PageRequest) -> HttpResponse:
    viewer = request.actor
    form = GuidanceFilterForm(request.GET, technologies=technologies(viewer))
    as_typed = "as_typed" in request.GET
    sought = guidance_sought(viewer, form.wanted(), SHOWN + 1, as_typed=as_typed)
    found = sought.pieces
    context = {
        "form": form,
        "pieces": [(guidance, text_for(viewer, guidance)) for guidance in found[:SHOWN]],
        "has_more": len(found) > SHOWN,
        "is_searched": bool(form.wanted().text.strip()),
        "instead": sought.instead,
        "typed": form.wanted().text.strip(),
        "insist_url": address(reverse("guidance-list"), request.GET, FILTERS, as_typed=1),
        "active": _active(request.GET, form),
        "clear_url": reverse("guidance-list"),
        "writes": writes(viewer),
    }
    return render(request, "guidance/list.html", context)


def _active(given: QueryDict, form: GuidanceFilterForm) -> list[tuple[str, str, str]]:
    """(label, value in words, the address without it) of each filter in use."""
    chips = []
    for name in FILTERS:
        if form.cleaned_data.get(name):
            rest = {other: given[other] for other in FILTERS if other != name and given.get(other)}
            words = dict(getattr(form.fields[name], "choices", [])).get(given[name], given[name])
            chips.append(
                (
                    str(form.fields[name].label),
                    str(words),
                    f"{reverse('guidance-list')}?{urlencode(rest)}",
                )
            )
    return chips


@require_http_methods(["GET", "POST"])
def guidance_create_page(request: PageRequest) -> HttpResponse:
    require(request.actor, Permission.GUIDANCE_EDIT)
    form = GuidanceForm(request.POST or None)
    if request.method == "POST" and "preview" not in request.POST and form.is_valid():
        try:
            guidance = guidance_create(actor=request.actor, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _("Saved as a draft. Only those who write guidance see it."))
            return redirect("guidance-detail", guidance.pk)
    return _form_page(request, form)


@require_http_methods(["GET", "POST"])
def guidance_edit_page(request: PageRequest, pk: int) -> HttpResponse:
    require(request.actor, Permission.GUIDANCE_EDIT)
    guidance = guidance_get(request.actor, pk)
    initial = initial_of(guidance) | {"version": guidance.version}
    form = GuidanceEditForm(request.POST or None, initial=initial)
    if request.method == "POST" and "preview" not in request.POST and form.is_valid():
        version = form.cleaned_data["version"]
        try:
            guidance_edit(actor=request.actor, guidance=guidance, version=version, **form.typed())
        except Invalid as error:
            apply_domain_errors(form, error)
        except EditConflict as conflict:
            form.add_conflict(current_version=conflict.current_version)
        else:
            messages.success(request, _("Saved. Readers see it once it is published."))
            return redirect("guidance-detail", pk)
    return _form_page(request, form, guidance)


def _form_page(
    request: PageRequest,
    form: GuidanceForm,
    guidance: Guidance | None = None,
) -> HttpResponse:
    """The form, and how its text reads now; `preview` asks for that alone, while it is typed."""
    is_preview = "preview" in request.POST
    body = str(form["body"].value() or "")
    context: dict[str, Any] = {
        "form": form,
        "guidance": guidance,
        "preview": article(body).html if body.strip() else "",
        "is_preview": is_preview,
    }
    is_conflict = getattr(form, "is_conflict", False)
    status = 200 if is_preview else 409 if is_conflict else 422 if form.errors else 200
    return render(request, "guidance/form.html", context, status=status)


@require_POST
def guidance_publish_action(request: PageRequest, pk: int) -> HttpResponse:
    guidance = guidance_get(request.actor, pk)
    form = PublishForm(request.POST)
    if form.is_valid():
        try:
            version = guidance_publish(
                actor=request.actor, guidance=guidance, note=form.cleaned_data["note"]
            )
        except Invalid as error:
            messages.error(request, " ".join(error.fields.get("body", [error.message])))
        else:
            messages.success(
                request, _("Version %(number)s is published.") % {"number": version.number}
            )
    else:
        messages.error(request, " ".join(map(str, form.errors["note"])))
    return redirect("guidance-detail", pk)


@require_POST
def guidance_retire_action(request: PageRequest, pk: int) -> HttpResponse:
    guidance_retire(actor=request.actor, guidance=guidance_get(request.actor, pk))
    told = _("Retired. Statements made from it keep their origin.")
    tell_undoable(request, told, "guidance-return", pk)
    return redirect("guidance-detail", pk)


@require_POST
def guidance_return_action(request: PageRequest, pk: int) -> HttpResponse:
    try:
        guidance_return(actor=request.actor, guidance=guidance_get(request.actor, pk))
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("It is in the library again."))
    return redirect("guidance-detail", pk)


@require_GET
def guidance_versions_page(request: PageRequest, pk: int) -> HttpResponse:
    """What was published when, and the difference between two versions: ?from=1&to=2."""
    guidance = guidance_get(request.actor, pk)
    versions = list(versions_of(request.actor, pk))
    newest = versions[0].number if versions else 0
    after = _number(request.GET.get("to"), newest)
    before = _number(request.GET.get("from"), max(after - 1, 1))
    diff: tuple[DiffLine, ...] = ()
    if versions:
        diff = diff_lines(
            as_text(version_get(request.actor, pk, before)),
            as_text(version_get(request.actor, pk, after)),
        )
    context = {
        "guidance": guidance,
        "text": guidance.current or guidance,
        "versions": versions,
        "before": before,
        "after": after,
        "diff": diff,
    }
    return render(request, "guidance/versions.html", context)


@require_GET
def guidance_version_page(request: PageRequest, pk: int, number: int) -> HttpResponse:
    """An earlier version as it read then."""
    version = version_get(request.actor, pk, number)
    context = {
        "guidance": guidance_get(request.actor, pk),
        "text": version,
        "article": article(version.body),
    }
    return render(request, "guidance/version.html", context)


def _number(given: str | None, otherwise: int) -> int:
    return (
        int(given)
        if given and given.isascii() and given.isdigit() and len(given) < 9
        else otherwise
    )
