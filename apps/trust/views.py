"""Which pipelines a system trusts without a secret."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.selectors import system_get
from apps.common.errors import Invalid
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors
from apps.trust.forms import TrustRuleForm
from apps.trust.selectors import rule_get, rules_of
from apps.trust.services.rules import rule_create, rule_delete


@require_http_methods(["GET", "POST"])
def trust_page(request: PageRequest, key: str) -> HttpResponse:
    system = system_get(request.actor, key)
    require(request.actor, Permission.TOKEN_MANAGE, system)
    form = TrustRuleForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            rule_create(actor=request.actor, system=system, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _("Those jobs are trusted from now on."))
            return redirect("system-trust", key)
    context = {
        "system": system,
        "form": form,
        "rules": rules_of(request.actor, system),
        "base_url": settings.BASE_URL,
    }
    return render(request, "trust/rules.html", context, status=422 if form.errors else 200)


@require_POST
def trust_delete_action(request: PageRequest, key: str, pk: int) -> HttpResponse:
    system = system_get(request.actor, key)
    require(request.actor, Permission.TOKEN_MANAGE, system)
    removal = rule_delete(actor=request.actor, rule=rule_get(request.actor, system, pk))
    told = _("Those jobs are trusted no longer.")
    tell_undoable(request, told, "removed-undo", removal.uid)
    return redirect("system-trust", key)
