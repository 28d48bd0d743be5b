"""What is like a plan, and guidance beside it: suggested while it is typed, linked and taken off by one button."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from apps.accounts.requests import PageRequest
from apps.advice.alike import Alike, alike_to_plan, alike_to_question
from apps.common.addresses import whole_number
from apps.common.errors import Conflict, Invalid
from apps.common.flashes import tell_undoable
from apps.guidance.selectors import guidance_named
from apps.planning.references import split_reference
from apps.planning.selectors import item_get
from apps.planning.services.guidance import guidance_link, guidance_unlink


class DescribedForm(forms.Form):
    """What is typed so far of a plan, of a question (body), or of an item in one line (text)."""

    title = forms.CharField(required=False, max_length=1000)
    question = forms.CharField(required=False, max_length=50_000)
    body = forms.CharField(required=False, max_length=50_000)
    text = forms.CharField(required=False, max_length=1000)
    stage = forms.CharField(required=False, max_length=20)


@require_POST
def guidance_suggested_part(request: PageRequest) -> HttpResponse:
    """By POST, since what is typed may be long and belongs into no log."""
    form, alike, viewer = DescribedForm(request.POST), Alike(), request.actor
    if form.is_valid():
        typed = form.cleaned_data
        if "body" in request.POST:
            alike = alike_to_question(viewer, typed["body"])
        elif "text" in request.POST:
            alike = alike_to_plan(viewer, split_reference(typed["text"])[0])
        else:
            alike = alike_to_plan(viewer, typed["title"], typed["question"], typed["stage"])
    context = {"alike": alike, "is_question": "body" in request.POST}
    return render(request, "planning/_alike_typed.html", context)


@require_POST
def item_guidance_link(request: PageRequest, pk: int) -> HttpResponse:
    item = item_get(request.actor, pk)
    numbers = [whole_number(each) or 0 for each in request.POST.getlist("guidance")[:100]]
    pieces = guidance_named(request.actor, numbers)
    try:
        number = guidance_link(actor=request.actor, item=item, pieces=pieces)
    except (Invalid, Conflict) as error:
        refused = error.fields["guidance"][0] if isinstance(error, Invalid) else error.message
        messages.warning(request, refused)
        return redirect(f"{reverse('item-detail', args=[pk])}?guidance=1#guidance")
    said: Any = ngettext(
        "%(number)d piece of guidance is linked.",
        "%(number)d pieces of guidance are linked.",
        number,
    )
    messages.success(request, said % {"number": number})
    return redirect(f"{reverse('item-detail', args=[pk])}#guidance")


@require_POST
def item_guidance_unlink(request: PageRequest, pk: int, guidance: int) -> HttpResponse:
    item = item_get(request.actor, pk)
    removal = guidance_unlink(actor=request.actor, item=item, guidance_id=guidance)
    told = _("%(key)s is linked no longer.") % {"key": f"G-{guidance}"}
    tell_undoable(request, told, "removed-undo", removal.uid)
    return redirect(f"{reverse('item-detail', args=[pk])}#guidance")
