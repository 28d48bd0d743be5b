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
    }
