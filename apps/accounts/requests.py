"""The request as pages see it, once the middleware has been there."""

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest

from apps.accounts.actors import Actor
from apps.accounts.models import User


class PageRequest(HttpRequest):
    """A request of a signed-in person. For annotations only; middleware adds the attributes."""

    actor: Actor  # apps.accounts.middleware
    user: User  # django.contrib.auth.middleware; never anonymous
    htmx: Any  # django_htmx.middleware: true where a fragment was asked for


def page_before(request: HttpRequest, otherwise: str) -> str:
    """The page of ours that a form was on, or whose button was pressed; `otherwise` where it was none of ours.

    An address without a host. SECURITY: whoever leads there checks it once more, since it travels as `next`.
    """
    came = urlsplit(request.headers.get("Referer", ""))
    if came.netloc != request.get_host():
        return otherwise
    return came._replace(scheme="", netloc="", fragment="").geturl() or otherwise
