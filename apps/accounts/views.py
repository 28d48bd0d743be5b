"""Signing in and out. Sessions are Django's; `next` goes nowhere but to this host."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.forms import SecondStepForm, SignInForm
from apps.accounts.models import FactorKind, SignInProvider
from apps.accounts.selectors import only_way_of, provider_left, providers_on
from apps.accounts.services.passkeys import passkey_ask, passkey_taken
from apps.accounts.services.passwords import password_link_person, password_link_use
from apps.accounts.signing_in import (
    CHALLENGE,
    begin_second_step,
    challenge_taken,
    finish,
    local_page,
    provider_of_session,
    site_of,
    waiting,
)
from apps.accounts.tries import throttled
from apps.common.errors import Missing, NotPermitted

LINK = "password-link"  # session: what was in a link's address


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class SignIn(LoginView):
    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        on = providers_on()
        left = on.filter(key=self.request.GET.get("left", "")[:40].replace("\x00", "")).first()
        return super().get_context_data(providers=on, left=left, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Who has a second factor is asked for it; only then is there a session."""
        user: Any = form.get_user()
        if provider := only_way_of(user):
            return _other_way(self.request, provider)
        if user.factors.exists():
            begin_second_step(self.request, user, self.get_success_url())
            return redirect("sign-in-second")
        finish(self.request, user, with_factor=False)
        return redirect(self.get_success_url())

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """429 where the tries are used up; the page says how long to wait."""
        answer = super().form_invalid(form)
        return throttled(answer, form)


@login_not_required
def admin_sign_in(request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # noqa: ARG001
    """In place of the admin site's own page: the portal's, and on from there. Who is signed in and
    still comes here may not use the admin site."""
    if request.user.is_authenticated:
        raise NotPermitted("The administration is for staff.")
    back = request.GET.get("next", request.path)
    return redirect(f"{resolve_url('sign-in')}?{urlencode({'next': back})}")


class SignOut(LogoutView):
    """POST only: a link could sign people out."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The browser forgets pages and what they stored; its cookie goes with the session. Who came by a provider is
        offered to sign out there, too: by a link, since a form may not lead there (CSP form-action)."""
        provider = provider_left(provider_of_session(request))
        answer = super().post(request, *args, **kwargs)
        if provider is not None:
            answer.headers["Location"] = (
                f"{resolve_url('sign-in')}?{urlencode({'left': provider.key})}"
            )
        answer.headers["Clear-Site-Data"] = '"cache", "storage"'
        return answer


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """The code of an app or a recovery code, after the password."""
    held = waiting(request)
    if held is None:
        messages.info(request, _("That took a while; please begin again."))
        return redirect("sign-in")
    form = SecondStepForm(request.POST or None, user=held.user, request=request)
    if form.is_valid():
        finish(request, held.user, with_factor=True, came_by=held.came_by)
        return redirect(held.next)
    kinds = set(held.user.factors.values_list("kind", flat=True))
    context = {
        "form": form,
        "has_app": FactorKind.APP in kinds,
        "has_passkey": FactorKind.PASSKEY in kinds,
    }
    status = 422 if form.errors else 200
    answer = render(request, "accounts/second_step.html", context, status=status)
    return throttled(answer, form)


@login_not_required
@never_cache
@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    """What the browser is asked: any passkey of this site, or one of whoever has shown a password."""
    held = waiting(request)
    asked = passkey_ask(site_of(request), held.user if held else None)
    request.session[CHALLENGE] = asked.challenge
    return HttpResponse(asked.options, content_type="application/json")


@login_not_required
@never_cache
@require_POST
def passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """A passkey alone, or as the second step of the one who showed a password."""
    held = waiting(request)
    user = passkey_taken(
        site=site_of(request),
        challenge=challenge_taken(request),
        answer=request.POST.get("answer", ""),
    )
    if user is None or (held is not None and held.user != user):
        messages.error(request, _("This passkey opens nothing here. Try another way."))
        return redirect("sign-in-second" if held else "sign-in")
    if held is None and (provider := only_way_of(user)):
        return _other_way(request, provider)
    finish(request, user, with_factor=True, came_by=held.came_by if held else None)
    return redirect(held.next if held else local_page(request, request.POST.get("next", "")))


def _other_way(request: HttpRequest, provider: SignInProvider) -> HttpResponse:
    """Said only to who has shown the password or passkey: it tells strangers nothing."""
    said: Any = _("Your organisation signs you in with %(name)s. Use its button.")
    messages.warning(request, said % {"name": provider.name})
    return redirect("sign-in")


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password_link_page(request: HttpRequest) -> HttpResponse:
    """Set a password by a link. SECURITY: what opens goes from the address into the session at once, so that no log
    and no history has it for long."""
    text = request.GET.get("link") or request.session.get(LINK, "")
    try:
        user = password_link_person(text)
    except Missing:
        return render(request, "accounts/link_over.html", status=404)
    if "link" in request.GET:
        request.session[LINK] = text
        return redirect("password-link")
    form = SetPasswordForm(user, request.POST or None)
    if form.is_valid():
        password_link_use(text=text, password=form.cleaned_data["new_password1"])
        del request.session[LINK]
        messages.success(request, _("The password is set. Sign in with it."))
        return redirect("sign-in")
    context = {"form": form, "person": user}
    return render(request, "accounts/link.html", context, status=422 if form.errors else 200)
