"""request.actor for pages: the signed-in person, or nobody."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from apps.accounts.actors import ANONYMOUS, Actor
from apps.accounts.models import User


def actor_of(request: HttpRequest) -> Actor:
    user = request.user
    return Actor(user=user) if isinstance(user, User) and user.is_active else ANONYMOUS


class ActorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: actor_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)
