"""Settings of the organisation: the providers that people sign in at."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.forms_providers import ProviderEditForm, ProviderForm
from apps.accounts.models import SignInProvider
from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.accounts.selectors import identities_of, provider_get, providers_list
from apps.accounts.services.identities import identity_remove
from apps.accounts.services.probes import Check, provider_test
from apps.accounts.services.providers import (
    provider_create,
    provider_delete,
    provider_edit,
    provider_switch,
)
from apps.accounts.services.sessions import people_signed_in, sessions_end_everybody
from apps.accounts.views_openid import back_to, logout_at
from apps.accounts.views_security import sure
from apps.common.errors import Conflict, EditConflict, Invalid
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors, status_of

SHOWN = 100
SAME = (
    *("name", "key", "issuer", "client_id", "makes_people", "default_role", "second_step"),
    *("acr_values", "groups_claim", "extra_scopes", "vouches_for_email", "is_only_way"),
    *("takes_plain_logouts", "version"),
)


@never_cache
@require_GET
def provider_list_page(request: PageRequest) -> HttpResponse:
    context = {"providers": providers_list(request.actor), "signed_in": people_signed_in()}
    return render(request, "accounts/provider_list.html", context)


@sure
@require_POST
def sessions_end_everybody_action(request: PageRequest) -> HttpResponse:
    keep = request.session.session_key or ""
    ended = sessions_end_everybody(actor=request.actor, keep=keep)
    said: Any = _("Everybody else is signed out (%(number)d sessions).") % {"number": ended}
    messages.success(request, said)
    return redirect("provider-list")


@never_cache
@sure
@sensitive_post_parameters("secret")
@require_http_methods(["GET", "POST"])
def provider_new_page(request: PageRequest) -> HttpResponse:
    require(request.actor, Permission.PEOPLE_MANAGE)
    form = ProviderForm(request.POST or None, back=back_to("KEY"))
    if request.method == "POST" and form.is_valid():
        try:
            made = provider_create(actor=request.actor, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as error:
            form.add_error(None, error.message)
        else:
            messages.success(
                request, _("It is kept, switched off. Test the connection, then switch it on.")
            )
            return redirect("provider-detail", made.key)
    status = status_of(form)
    return render(request, "accounts/provider_form.html", {"form": form}, status=status)


@never_cache
@require_GET
def provider_page(request: PageRequest, key: str) -> HttpResponse:
    return _page(request, provider_get(request.actor, key))


@never_cache
@require_POST
def provider_test_action(request: PageRequest, key: str) -> HttpResponse:
    """What was found stands on the page that answers; nothing keeps it."""
    provider = provider_get(request.actor, key)
    checks = provider_test(actor=request.actor, provider=provider, back=back_to(key))
    return _page(request, provider, checks)


def _page(
    request: PageRequest, provider: SignInProvider, checks: list[Check] | None = None
) -> HttpResponse:
    context = {
        "provider": provider,
        "back": back_to(provider.key),
        "logout": logout_at(provider.key),
        "after": settings.BASE_URL + reverse("sign-in"),
        "checks": checks,
        "identities": identities_of(request.actor, provider)[:SHOWN],
        "shown": SHOWN,
    }
    return render(request, "accounts/provider_detail.html", context)


@never_cache
@sure
@sensitive_post_parameters("secret")
@require_http_methods(["GET", "POST"])
def provider_edit_page(request: PageRequest, key: str) -> HttpResponse:
    provider = provider_get(request.actor, key)
    form = ProviderEditForm(request.POST or None, initial=_initial(provider), back=back_to(key))
    if request.method == "POST" and form.is_valid():
        version = form.cleaned_data["version"]
        try:
            provider_edit(actor=request.actor, provider=provider, version=version, **form.typed())
        except Invalid as error:
            apply_domain_errors(form, error)
        except EditConflict as error:
            form.add_conflict(current_version=error.current_version)
        except Conflict as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("The provider is changed."))
            return redirect("provider-detail", key)
    context = {"form": form, "provider": provider}
    status = status_of(form)
    return render(request, "accounts/provider_form.html", context, status=status)


def _initial(provider: SignInProvider) -> dict[str, Any]:
    rules = sorted(provider.group_roles.items())
    return {name: getattr(provider, name) for name in SAME} | {
        "makes_people": "1" if provider.makes_people else "",
        "domains": ", ".join(provider.domains),
        "group_roles": "\n".join(f"{group} = {role}" for group, role in rules),
    }


@sure
@require_POST
def provider_switch_action(request: PageRequest, key: str) -> HttpResponse:
    provider = provider_get(request.actor, key)
    is_on = request.POST.get("on") == "1"
    provider_switch(actor=request.actor, provider=provider, is_on=is_on)
    said: Any = (
        _("%(name)s is on the sign-in page now.") if is_on else _("Nobody comes in by it any more.")
    )
    messages.success(request, said % {"name": provider.name})
    return redirect("provider-detail", key)


@sure
@require_POST
def provider_delete_action(request: PageRequest, key: str) -> HttpResponse:
    provider = provider_get(request.actor, key)
    removal = provider_delete(actor=request.actor, provider=provider)
    told = _("%(name)s is gone.") % {"name": provider.name}
    tell_undoable(request, told, "removed-undo", removal.uid)
    return redirect("provider-list")


@sure
@require_POST
def identity_remove_action(request: PageRequest, key: str, pk: int) -> HttpResponse:
    provider = provider_get(request.actor, key)
    removal = identity_remove(actor=request.actor, provider=provider, pk=pk)
    told = _("%(link)s is linked no longer.") % {"link": removal.label}
    tell_undoable(request, told, "removed-undo", removal.uid)
    return redirect("provider-detail", key)
