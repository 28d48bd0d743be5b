"""What a page says once to whoever did something, kept until it is shown."""

from django.conf import settings
from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest
from django.urls import reverse


class HostCookieStorage(CookieStorage):
    """In a cookie that browsers take from this host alone, as the session's."""

    cookie_name = "__Host-messages" if settings.SESSION_COOKIE_SECURE else "messages"


class Flashes(FallbackStorage):
    """In a signed cookie; in the session where that is too small."""

    storage_classes = (HostCookieStorage, SessionStorage)


def tell_undoable(request: HttpRequest, text: str, page: str, *args: object) -> None:
    """Say that something was done, with a button that undoes it.

    page, args: the name of the address that undoes it, and what it takes; it answers to POST.
    """
    messages.success(request, text, extra_tags=reverse(page, args=args))
