"""The request as pages see it, once the middleware has been there."""

from typing import Any

from django.http import HttpRequest

from apps.accounts.actors import Actor
from apps.accounts.models import User


class PageRequest(HttpRequest):
    """A request of a signed-in person. For annotations only; middleware adds the attributes."""

    actor: Actor  # apps.accounts.middleware
    user: User  # django.contrib.auth.middleware; never anonymous
    htmx: Any  # django_htmx.middleware: true where a fragment was asked for
