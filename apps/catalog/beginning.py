"""Where a form would offer no system, since the portal has none: what to do first."""

from django.http import HttpResponse
from django.shortcuts import render

from apps.accounts.policy import may
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission


def system_first_page(request: PageRequest, title: str) -> HttpResponse:
    """In place of the form called `title`: who may adds a system here, the others read whom to ask."""
    context = {"title": title, "may_import": may(request.actor, Permission.SYSTEM_MANAGE)}
    status = 200 if request.method == "GET" else 422
    return render(request, "catalog/system_first.html", context, status=status)
