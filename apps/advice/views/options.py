"""Options of a planning item: adding, editing and taking one away."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.advice.forms import OptionEditForm, OptionForm
from apps.common.errors import Conflict, EditConflict, Invalid
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors
from apps.planning.selectors import item_get, option_get
from apps.planning.services.items import option_create, option_delete, option_edit

EDITED = ("title", "description", "cost_once", "cost_yearly", "is_baseline", "is_do_nothing")


@require_http_methods(["GET", "POST"])
def option_create_page(request: PageRequest, pk: int) -> HttpResponse:
    item = item_get(request.actor, pk)
    require(request.actor, Permission.ITEM_EDIT, item)
    form = OptionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            option = option_create(actor=request.actor, item=item, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _('"%(title)s" is added.') % {"title": option.title})
            again = "another" in request.POST
            return redirect("option-create" if again else "item-detail", item.pk)
    context = {"form": form, "item": item}
    return render(request, "planning/option_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def option_edit_page(request: PageRequest, pk: int) -> HttpResponse:
    option = option_get(request.actor, pk)
    require(request.actor, Permission.ITEM_EDIT, option)
    initial = {name: getattr(option, name) for name in EDITED} | {"version": option.version}
    form = OptionEditForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        version = form.cleaned_data["version"]
        try:
            option_edit(actor=request.actor, option=option, version=version, **form.typed())
        except Invalid as error:
            apply_domain_errors(form, error)
        except EditConflict as conflict:
            form.add_conflict(current_version=conflict.current_version)
        else:
            messages.success(request, _("Saved."))
            return redirect("item-detail", option.item_id)
    context = {"form": form, "item": option.item, "option": option}
    status = 409 if form.is_conflict else 422 if form.errors else 200
    return render(request, "planning/option_form.html", context, status=status)


@require_POST
def option_delete_page(request: PageRequest, pk: int) -> HttpResponse:
    option = option_get(request.actor, pk)
    try:
        removal = option_delete(actor=request.actor, option=option)
    except Conflict as conflict:
        messages.error(request, conflict.message)
    else:
        told = _('"%(title)s" is gone.') % {"title": option.title}
        tell_undoable(request, told, "removed-undo", removal.uid)
    return redirect("item-detail", option.item_id)
