"""Whom a text can call: the short list that opens behind an @."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.mentions import people_suggested
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.selectors import system_get

SHOWN = 6


@require_GET
def people_to_name(request: PageRequest) -> HttpResponse:
    """Options for `q`, those who may read what is written on `system`; none: in the library.

    SECURITY: whoever knows single systems only learns who else reads those, not who else there is.
    """
    key, text = request.GET.get("system", ""), request.GET.get("q", "")[:60]
    if key:
        system = system_get(request.actor, key)
        people = people_suggested(text, Permission.SYSTEM_VIEW, system.pk)
    elif Permission.SYSTEM_VIEW in request.actor.organisation_grant:
        people = people_suggested(text, Permission.GUIDANCE_VIEW, None)
    else:
        return HttpResponse()
    others = people.exclude(pk=request.user.pk)
    return render(request, "planning/_people.html", {"people": others[:SHOWN]})
