"""Settings: a person's own API tokens; and revoking any token."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.forms_tokens import OwnTokenForm
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Scope
from apps.accounts.selectors import token_get, tokens_own
from apps.accounts.services.tokens import MadeToken, token_create_for_self, token_revoke
from apps.common.errors import Invalid
from apps.common.forms import apply_domain_errors


@never_cache
@require_http_methods(["GET", "POST"])
def settings_tokens_page(request: PageRequest) -> HttpResponse:
    """One's tokens. A new one's text is in the answer to its form, once, and nowhere else.

    SECURITY: so there is no redirect behind it; a session would keep the text in the database.
    """
    manages_people = request.actor.manages_people
    form = OwnTokenForm(request.POST or None, manages_people=manages_people)
    made: MadeToken | None = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = token_create_for_self(
                actor=request.actor,
                name=given["name"],
                scope=Scope(given["scope"]),
                days=given["days"],
            )
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            form = OwnTokenForm(manages_people=manages_people)
    context = {
        "form": form,
        "made": made,
        "tokens": list(tokens_own(request.actor)),
        "now": timezone.now(),
    }
    return render(request, "tokens/own.html", context, status=422 if form.errors else 200)


@require_POST
def token_revoke_action(request: PageRequest, pk: int) -> HttpResponse:
    token = token_get(request.actor, pk)
    token_revoke(actor=request.actor, token=token)
    messages.success(request, _("%(name)s is revoked, at once.") % {"name": token.name})
    if token.system is not None:
        return redirect("system-detail", token.system.key)
    return redirect("settings-tokens")
