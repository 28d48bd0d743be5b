"""The list of findings. One finding's page is in apps/advice/views: it shows statements."""

import re

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.selectors import systems_visible
from apps.common.addresses import address
from apps.scans.exports.files import KINDS
from apps.scans.forms import FindingFilterForm
from apps.scans.forms_triage import OwnerForm, VerdictForm
from apps.scans.models import SEVERITIES
from apps.scans.selectors import FindingFilter, Place, findings_page, open_counts

PAGE = 50
NAMES = ("q", "system", "stage", "severity", "state", "exploit", "age", "cwe", "team", "tag")
_PLACE = re.compile(r"([0-4])-(\d{1,18})")


@require_GET
def finding_list_page(request: PageRequest) -> HttpResponse:
    viewer, given = request.actor, request.GET
    form = FindingFilterForm(given, systems=systems_visible(viewer))
    wanted = form.wanted()
    place = _place(given.get("after", ""))
    page = findings_page(viewer, wanted, place, PAGE)
    path = reverse("finding-list")
    counts = open_counts(viewer, wanted)
    may_triage = viewer.systems_with(Permission.FINDING_TRIAGE) != frozenset()
    context = {
        "form": form,
        "triage_form": VerdictForm() if may_triage else None,
        "triage_url": address(reverse("triage-new"), given, NAMES),
        "owner_form": OwnerForm() if may_triage else None,
        "owner_url": address(reverse("owner-new"), given, NAMES),
        "groups_url": address(reverse("group-list"), given, NAMES),
        "exports": [
            (kind.label, address(reverse("finding-export"), given, NAMES, format=name))
            for name, kind in KINDS.items()
        ],
        "findings": page.findings,
        "levels": _levels(wanted, counts, path, given.dict()),
        "open_total": sum(counts),
        "active": [
            (label, words, address(path, given, NAMES, **{name: ""}))
            for name, label, words in form.active()
        ],
        "clear_url": path,
        "next_url": address(path, given, NAMES, after=f"{page.next.severity}-{page.next.pk}")
        if page.next
        else "",
        "first_url": address(path, given, NAMES) if place else "",
    }
    return render(request, "scans/finding_list.html", context)


def _levels(
    wanted: FindingFilter, counts: list[int], path: str, given: dict[str, str]
) -> list[tuple[int, int, str, bool]]:
    """(level, open findings, the address of those, whether it is chosen), the worst first.

    Only where the counts are of what the list shows: open findings, whatever their text.
    """
    narrowed = wanted.text.strip() or wanted.kev or wanted.overdue or wanted.team or wanted.tag
    if wanted.state != "open" or narrowed or (wanted.cwe, wanted.epss) != (None, None):
        return []
    return [
        (
            level,
            counts[level],
            address(path, given, NAMES, severity=str(level)),
            wanted.severity == level,
        )
        for level, _name in reversed(SEVERITIES)
    ]


def _place(text: str) -> Place | None:
    match = _PLACE.fullmatch(text)
    return Place(int(match.group(1)), int(match.group(2))) if match else None
