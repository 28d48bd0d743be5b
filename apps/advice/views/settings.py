"""Every setting on one page, with what it does and how it stands."""

from itertools import groupby

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.requests import PageRequest
from apps.common.setting_lines import lines_for

LONGEST = 100  # of what is looked for


@require_GET
def settings_page(request: PageRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:LONGEST]
    found = lines_for(request.actor, text)
    context = {
        "text": text,
        "groups": [
            (group.value, group.label, list(lines))
            for group, lines in groupby(found, key=lambda pair: pair[0].group)
        ],
        "person": request.user,
        "teams": list(request.user.teams.all()),
        "waiting": [pair for pair in found if pair[1].tone in {"bad", "warn"}],
    }
    return render(request, "advice/settings.html", context)
