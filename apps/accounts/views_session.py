"""Whether whoever sits at a page is still signed in, for assets/js/session.js."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET


@login_not_required
@never_cache
@require_GET
def session_state(request: HttpRequest) -> HttpResponse:
    """Who is signed in, and the token that a form needs now: signing in changes it. 401: nobody.

    SECURITY: a page of another origin can ask, with the cookie, and not read the answer.
    """
    if not request.user.is_authenticated:
        return JsonResponse({"person": None}, status=401)
    return JsonResponse({"person": request.user.pk, "csrf": get_token(request)})
