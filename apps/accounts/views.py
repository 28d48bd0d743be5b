"""Signing in and out. Sessions are Django's; `next` goes nowhere but to this host."""

from django.contrib.auth.views import LoginView, LogoutView
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from apps.accounts.forms import SignInForm


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class SignIn(LoginView):
    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


class SignOut(LogoutView):
    """POST only: a link could sign people out."""

    http_method_names = ["post", "options"]
