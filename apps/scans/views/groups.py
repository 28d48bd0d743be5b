"""What several tools see: one line a weakness, with each sighting one click away."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from apps.accounts.actors import Actor
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.selectors import systems_offered
from apps.common.addresses import address
from apps.scans.forms import FindingFilterForm
from apps.scans.models import Finding
from apps.scans.selectors_groups import FindingGroup, groups_list
from apps.scans.views.findings import NAMES

SHOWN = 100  # a page of 500 was 350 kB


@require_GET
def group_list_page(request: PageRequest) -> HttpResponse:
    """Of the findings that the filter in the address finds; with `all`, of a single tool, too."""
    form = FindingFilterForm(
        request.GET, systems=systems_offered(request.actor, request.GET.get("system", ""))
    )
    every = "all" in request.GET
    groups = groups_list(request.actor, form.wanted(), several=not every, most=SHOWN)
    path, listed = reverse("group-list"), reverse("finding-list")
    names = (*NAMES, "all")
    context = {
        "groups": groups,
        "most": SHOWN if len(groups) == SHOWN else 0,
        "every": every,
        "lines": _lines(request.actor, groups),
        "other_url": address(path, request.GET, names, all="" if every else "1"),
        "list_url": address(listed, request.GET, NAMES),
        "active": [
            (label, words, address(path, request.GET, names, **{name: ""}))
            for name, label, words in form.active()
        ],
    }
    return render(request, "scans/group_list.html", context)


@dataclass(frozen=True)
class GroupLine:
    """ticket: the state of the newest one for its first finding; empty: there is none."""

    group: FindingGroup
    ticket: str
    may_file: bool


def _lines(viewer: Actor, groups: list[FindingGroup]) -> list[GroupLine]:
    """Groups with what is known of their tickets, which the app of the trackers keeps."""
    first = Finding.objects.visible_to(viewer).filter(pk__in=[one.finding_id for one in groups])
    states = dict(first.filter(tickets__isnull=False).values_list("pk", "tickets__state"))
    more = first.filter(ticket_links__isnull=False)
    states |= dict(more.values_list("pk", "ticket_links__ticket__state"))
    return [
        GroupLine(
            group=one,
            ticket=states.get(one.finding_id, ""),
            may_file=Permission.TICKET_FILE in viewer.permissions_on(one.system_id),
        )
        for one in groups
    ]
