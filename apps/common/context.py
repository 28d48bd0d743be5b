"""What every template may use."""

from django.conf import settings
from django.http import HttpRequest

from apps.common.http import own_cookie

THEMES = {"light", "dark"}


def portal(request: HttpRequest) -> dict[str, object]:
    theme = own_cookie(request, "theme")
    return {
        "theme": theme if theme in THEMES else "",
        "currency": settings.SECOPS_CURRENCY,
        "actor": getattr(request, "actor", None),
        "section": _section(request),
    }


def _section(request: HttpRequest) -> str:
    """How the addresses of this page's part of the portal begin: "/planning/", and "/" for home.

    Of the route, of which there are few, and not of the address, of which there are as many as people type.
    """
    route = request.resolver_match.route if request.resolver_match else ""
    first, ends, _rest = route.partition("/")
    return f"/{first}{ends}"
