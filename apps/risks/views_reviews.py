"""Which teams wish that their risks are reviewed."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.requests import PageRequest
from apps.common.errors import Missing
from apps.risks.reviews import wishing
from apps.risks.services.reviews import review_wish_set


@require_http_methods(["GET", "POST"])
def review_wishes_page(request: PageRequest) -> HttpResponse:
    """A POST switches one wish: `team` (a key, empty for everyone) and `wished` (1 or empty)."""
    rows = wishing(request.actor)
    if request.method == "POST":
        key = request.POST.get("team", "")
        found = [team for team, _wished, _may in rows if (team.key if team else "") == key]
        if not found:
            raise Missing("There is no such team that you may see.")
        is_wished = request.POST.get("wished") == "1"
        review_wish_set(actor=request.actor, team=found[0], is_wished=is_wished)
        told = _("Reviews are wished from now on; nothing waits for them.")
        messages.success(request, told if is_wished else _("Reviews are no longer wished."))
        return redirect("review-wishes")
    return render(request, "risks/review_wishes.html", {"rows": rows})
