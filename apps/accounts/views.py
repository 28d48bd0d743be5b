"""Signing in and out. Sessions are Django's; `next` goes nowhere but to this host."""

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from apps.accounts.forms import SignInForm


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class SignIn(LoginView):
    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """429 where the tries are used up; the page says how long to wait."""
        answer = super().form_invalid(form)
        if wait := getattr(form, "wait", 0):
            answer.status_code = 429
            answer.headers["Retry-After"] = str(wait)
        return answer


class SignOut(LogoutView):
    """POST only: a link could sign people out."""

    http_method_names = ["post", "options"]
