"""Search over everything, on one page; a key of one thing leads straight to it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from apps.accounts.actors import Actor
from apps.accounts.requests import PageRequest
from apps.advice.palette import commands_for, offers_here
from apps.advice.search import Found, key_of, search
from apps.automation.selectors import automation_get
from apps.common.addresses import address
from apps.common.errors import Missing
from apps.common.references import PAGES
from apps.controls.selectors import control_get
from apps.guidance.selectors import guidance_get
from apps.planning.selectors import item_get
from apps.risks.selectors import statement_get
from apps.scans.selectors import finding_get

IN_PALETTE = 4  # of each kind
# By the letters of a key: who finds the thing, raising Missing.
FINDERS: dict[str, Callable[[Actor, int], object]] = {
    "PI": item_get,
    "RS": statement_get,
    "G": guidance_get,
    "C": control_get,
    "AU": automation_get,
    "F": finding_get,
}


class SearchForm(forms.Form):
    q = forms.CharField(
        label=_("Search everything"),
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Words, PI-7, RS-12, CVE, CWE")}
        ),
    )


@require_GET
def search_page(request: PageRequest) -> HttpResponse:
    form = SearchForm(request.GET)
    form.is_valid()
    text = form.cleaned_data.get("q", "")
    # While somebody types, the page stays: "PI-1" is also the beginning of "PI-12".
    if not request.htmx and (page := _named(request.actor, text)):
        return redirect(*page)
    found = search(request.actor, text, as_typed="as_typed" in request.GET)
    context = {
        "form": form,
        "typed": text,
        **_told(found, text),
        "insist_url": address(reverse("search"), request.GET, ("q",), as_typed=1),
    }
    return render(request, "search/page.html", context)


@require_GET
def palette(request: PageRequest) -> HttpResponse:
    """Where one can go from anywhere, as a fragment: things that a text finds, pages and actions."""
    form = SearchForm(request.GET)
    form.is_valid()
    text = form.cleaned_data.get("q", "")
    page = _named(request.actor, text)
    context = {
        "typed": text,
        **_told(search(request.actor, text, shown=IN_PALETTE), text),
        "jump": reverse(page[0], args=[page[1]]) if page else "",
        "offers": offers_here(request.actor, request.GET.get("at", "")[:300], text),
        "commands": commands_for(request.actor, text),
    }
    return render(request, "search/_palette.html", context)


def _told(found: Found | None, typed: str) -> dict[str, Any]:
    """What was found, and the text that it says: what was typed, or what was meant instead."""
    instead = found.instead if found else ""
    return {"found": found, "text": instead or typed, "instead": instead}


def _named(viewer: Actor, text: str) -> tuple[str, int] | None:
    """The page of the one thing that a key names, if the viewer may see it."""
    key = key_of(text)
    if key is None:
        return None
    letters, number = key
    try:
        FINDERS[letters](viewer, number)
    except Missing:
        return None
    return PAGES[letters], number
