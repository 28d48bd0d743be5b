"""What risks of the same kind were valued at: a page of its own, and a part of the form once somebody asks for it."""

import re

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.requests import PageRequest
from apps.advice.comparables import Likeness, comparables
from apps.common.addresses import whole_number
from apps.planning.selectors import item_get
from apps.risks.selectors import statement_get

_NUMBER = re.compile(r"[1-9]\d{0,5}", re.ASCII)
MOST_CWES = 20


@require_GET
def comparables_page(request: PageRequest, pk: int) -> HttpResponse:
    """Of a risk on an item: ?statement= is its number, ?guidance= what it is made from, ?cwes= what is typed of it."""
    item = item_get(request.actor, pk)
    number = whole_number(request.GET.get("statement", "")) or 0
    row = statement_get(request.actor, number) if number else None
    of_guidance = whole_number(request.GET.get("guidance", ""))
    typed = _NUMBER.findall(request.GET.get("cwes", "")[:300])[:MOST_CWES]
    kind = Likeness(
        stage=item.stage,
        criticality=item.system.criticality,
        cwes=[int(each) for each in typed] or (row.cwes if row else ()),
        guidance=row.origin.guidance_id if row and row.origin else of_guidance,
        without=number,
    )
    context = {"item": item, "statement": row, "found": comparables(request.actor, kind)}
    return render(request, "risks/comparables.html", context)
