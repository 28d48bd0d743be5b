"""A system is archived, and brought back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.forms import ArchiveForm
from apps.catalog.selectors import system_get
from apps.catalog.services import system_archive, system_restore
from apps.common.errors import Conflict, Invalid
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors, status_of


@require_http_methods(["GET", "POST"])
def system_archive_page(request: PageRequest, key: str) -> HttpResponse:
    """What follows, and a field for why."""
    system = system_get(request.actor, key)
    require(request.actor, Permission.SYSTEM_MANAGE, system)
    if system.is_archived:
        return redirect("system-detail", key)
    form = ArchiveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            system_archive(actor=request.actor, system=system, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            told = _("%(name)s is archived.") % {"name": system.name}
            tell_undoable(request, told, "system-restore", key)
            return redirect("system-detail", key)
    context = {"form": form, "system": system}
    return render(request, "catalog/system_archive.html", context, status=status_of(form))


@require_POST
def system_restore_action(request: PageRequest, key: str) -> HttpResponse:
    system = system_get(request.actor, key)
    try:
        system_restore(actor=request.actor, system=system)
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("%(name)s is back as it was.") % {"name": system.name})
    return redirect("system-detail", key)
