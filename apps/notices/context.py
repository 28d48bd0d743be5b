"""How many unread notices the person has: counted when a template asks, and only then."""

from django.http import HttpRequest

from apps.notices.selectors import notices_list

MOST = 99


def notices(request: HttpRequest) -> dict[str, object]:
    def count() -> int:
        actor = getattr(request, "actor", None)
        if actor is None or actor.user is None:
            return 0
        return len(notices_list(actor, unread=True).order_by().values_list("pk")[:MOST])

    return {"unread_notices": count}  # templates call it
