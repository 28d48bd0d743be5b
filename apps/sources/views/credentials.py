"""Credentials: what is there, a new one, a new secret, away with it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.selectors import systems_permitting
from apps.common.errors import Conflict, EditConflict, Invalid
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors, status_of
from apps.sources.forms import CredentialForm, SecretForm
from apps.sources.selectors import credential_get, credentials_list
from apps.sources.services.credentials import (
    credential_create,
    credential_delete,
    credential_replace,
)


@never_cache
@sensitive_post_parameters("secret")
@require_http_methods(["GET", "POST"])
def credential_list_page(request: PageRequest) -> HttpResponse:
    """Those there are, and a form for one more. What was typed as secret is not sent back."""
    systems = systems_permitting(request.actor, Permission.SOURCE_MANAGE)
    if not systems.exists():
        require(request.actor, Permission.SOURCE_MANAGE)
    form = CredentialForm(
        request.POST or None, systems=systems, initial={"system": request.GET.get("system", "")}
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = credential_create(actor=request.actor, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("%(name)s is kept.") % {"name": made.name})
            return redirect("credential-list")
    context = {"form": form, "credentials": credentials_list(request.actor)}
    status = status_of(form)
    return render(request, "sources/credentials.html", context, status=status)


@never_cache
@sensitive_post_parameters("secret")
@require_http_methods(["GET", "POST"])
def credential_page(request: PageRequest, pk: int) -> HttpResponse:
    credential = credential_get(request.actor, pk)
    form = SecretForm(request.POST or None, initial={"version": credential.version})
    if request.method == "POST" and form.is_valid():
        try:
            credential_replace(actor=request.actor, credential=credential, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        except EditConflict as error:
            form.add_conflict(current_version=error.current_version)
        except Conflict as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("The new secret holds from the next run on."))
            return redirect("credential-list")
    context = {
        "form": form,
        "credential": credential,
        "sources": credential.sources.order_by("name"),
    }
    status = status_of(form)
    return render(request, "sources/credential.html", context, status=status)


@require_POST
def credential_delete_action(request: PageRequest, pk: int) -> HttpResponse:
    credential = credential_get(request.actor, pk)
    try:
        removal = credential_delete(actor=request.actor, credential=credential)
    except Conflict as error:
        messages.warning(request, error.message)
        return redirect("credential-detail", pk)
    told = _(
        "%(name)s is gone. Its secret stays sealed for a week, for an undo; “Recently removed” "
        "in the settings forgets it at once."
    )
    tell_undoable(request, told % {"name": credential.name}, "removed-undo", removal.uid)
    return redirect("credential-list")
