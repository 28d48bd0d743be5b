"""The list of findings. One finding's page is in apps/advice/views: it shows statements."""

import re
from decimal import Decimal

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.selectors import systems_offered
from apps.common.addresses import address
from apps.scans.columns import COLUMNS, STANDARD, known, laid_out, of_address
from apps.scans.exports.files import KINDS
from apps.scans.forms import FindingFilterForm
from apps.scans.forms_triage import ChosenFindings, OwnerForm, VerdictForm
from apps.scans.models import SEVERITIES
from apps.scans.selectors import columns_of, read_for_columns
from apps.scans.selectors_counts import Counts, tools_seen
from apps.scans.selectors_pages import Place, findings_page
from apps.scans.services.columns import columns_choose

PAGE = 50
NAMES = (
    *("q", "system", "stage", "tool", "severity", "state"),
    *("stake", "exploit", "age", "since", "cwe", "team", "tag", "change"),
)
LISTED = (*NAMES, "columns")  # what the list's own address says
OPENED = (*LISTED, "after")  # and which page of it is open
_PLACE = re.compile(r"(?:(\d{1,16}\.\d\d)-)?([0-4])-(\d{1,18})")
_STAKE = "annual_loss"


@require_GET
def finding_list_page(request: PageRequest) -> HttpResponse:
    viewer, given = request.actor, request.GET
    form = FindingFilterForm(given, systems=systems_offered(viewer, given.get("system", "")))
    wanted = form.wanted()
    place = _place(given.get("after", ""))
    path = reverse("finding-list")
    page = findings_page(viewer, wanted, place, PAGE)
    counts = page.counts
    form.put_counts(counts, counts.tool if counts else tools_seen(viewer))
    number = None if page.is_more else page.number
    if number is None and place is None and page.next is None:
        number = len(page.findings)  # all of them are on this page
    may_triage = viewer.systems_with(Permission.FINDING_TRIAGE) != frozenset()
    chosen = of_address(given.get("columns", "")) or columns_of(viewer)
    if wanted.at_stake:
        chosen = known((*chosen, _STAKE))
    read_for_columns(page.findings, chosen)
    context = {
        "form": form,
        "layout": laid_out(chosen),
        "column_choices": [(column, name in chosen) for name, column in COLUMNS.items()],
        "address_columns": given.get("columns", ""),
        "filters": address("", given, NAMES),
        "shown_csv": address(
            reverse("finding-export"), given, NAMES, format="csv", columns=",".join(chosen)
        ),
        "may_link": viewer.systems_with(Permission.EVIDENCE_LINK) != frozenset(),
        "triage_form": VerdictForm() if may_triage else None,
        "chosen": ChosenFindings(number=number),
        "triage_url": address(reverse("triage-new"), given, OPENED),
        "owner_form": OwnerForm(teams=form.teams) if may_triage else None,
        "owner_url": address(reverse("owner-new"), given, OPENED),
        "groups_url": address(reverse("group-list"), given, NAMES),
        "exports": [
            (kind.label, address(reverse("finding-export"), given, NAMES, format=name))
            for name, kind in KINDS.items()
        ],
        "findings": page.findings,
        "levels": _levels(counts, wanted.severity, path, given.dict()),
        "found": sum(counts.levels()) if counts else page.number,
        "is_more": page.is_more,
        "looked_at": page.looked_at,
        "says_stake": _STAKE in chosen,
        "stake_url": "" if wanted.at_stake else address(path, given, LISTED, stake="known"),
        "is_open": wanted.state == "open",
        "active": [
            (label, words, address(path, given, LISTED, **{name: ""}))
            for name, label, words in form.active()
        ],
        "clear_url": address(path, given, ("columns",)),
        "list_url": path,
        "next_url": address(path, given, LISTED, after=str(page.next)) if page.next else "",
        "first_url": address(path, given, LISTED) if place else "",
    }
    return render(request, "scans/finding_list.html", context)


@require_POST
def finding_columns_action(request: PageRequest) -> HttpResponse:
    """Keep the person's columns, and come back to the list as it was filtered, with them in its address."""
    names = () if "standard" in request.POST else request.POST.getlist("column")
    chosen = columns_choose(actor=request.actor, names=names)
    given = QueryDict(request.POST.get("filters", "").removeprefix("?"))
    shown = "" if chosen == STANDARD else ",".join(chosen)
    messages.success(request, _("The columns are kept for you."))
    return redirect(address(reverse("finding-list"), given, NAMES, columns=shown))


def _levels(
    counts: Counts | None, chosen: int | None, path: str, given: dict[str, str]
) -> list[tuple[int, int, str, bool]]:
    """(level, findings, the address of those, whether it is chosen), the worst first."""
    if counts is None:
        return []
    numbers = counts.levels()
    return [
        (level, numbers[level], address(path, given, LISTED, severity=str(level)), chosen == level)
        for level, _name in reversed(SEVERITIES)
    ]


def _place(text: str) -> Place | None:
    match = _PLACE.fullmatch(text)
    if match is None:
        return None
    loss, severity, pk = match.groups()
    return Place(int(severity), int(pk), Decimal(loss) if loss else None)
