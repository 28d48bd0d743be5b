"""Trackers: what there is, one with its tickets; and the page that shows a ticket before it leaves."""

import uuid
from collections.abc import Sequence

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.selectors import systems_visible
from apps.common.errors import Conflict, EditConflict, Invalid
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors, status_of
from apps.common.outgoing import OutgoingFailed
from apps.common.said import said
from apps.risks.models import RiskStatement
from apps.risks.selectors import statement_get
from apps.scans.models import Finding
from apps.scans.selectors import finding_get
from apps.scans.views.meant import findings_meant, list_address, too_many
from apps.trackers.forms import TicketForm, TrackerEditForm, TrackerForm
from apps.trackers.models import Ticket, TicketState, Tracker
from apps.trackers.selectors import (
    hook_address,
    mirror_of,
    mirrored_count,
    sightings_open,
    ticket_get,
    ticketed,
    tickets_of_weakness,
    tickets_visible,
    tracker_get,
    trackers_for,
    trackers_list,
)
from apps.trackers.services.hooks import hook_end, hook_make
from apps.trackers.services.text import ticket_text
from apps.trackers.services.tickets import (
    MOST_FINDINGS,
    findings_ticket_file,
    ticket_again,
    ticket_file,
    weakness_ticket_file,
    worst_first,
)
from apps.trackers.services.trackers import (
    tracker_create,
    tracker_delete,
    tracker_edit,
    tracker_pause,
    tracker_test,
)

SHOWN = 50


@never_cache
@require_http_methods(["GET", "POST"])
def tracker_list_page(request: PageRequest) -> HttpResponse:
    """Those there are, and a form for one more."""
    trackers = trackers_list(request.actor)
    form = TrackerForm(request.POST or None, systems=systems_visible(request.actor))
    if request.method == "POST" and form.is_valid():
        try:
            made = tracker_create(actor=request.actor, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("It is connected. Test it next."))
            return redirect("tracker-detail", made.pk)
    context = {"form": form, "trackers": trackers}
    return render(request, "trackers/list.html", context, status=status_of(form))


@never_cache
@require_GET
def tracker_page(request: PageRequest, pk: int) -> HttpResponse:
    return _shown(request, pk)


def _shown(request: PageRequest, pk: int, **more: object) -> HttpResponse:
    tracker = tracker_get(request.actor, pk)
    context = {
        "tracker": tracker,
        "tickets": tickets_visible(request.actor).filter(tracker=tracker)[:SHOWN],
        "hook_url": hook_address(tracker),
        "mirror": mirror_of(request.actor, tracker),
        "mirrored": mirrored_count(request.actor, tracker),
    }
    return render(request, "trackers/detail.html", context | more)


@never_cache
@require_POST
def tracker_hook_action(request: PageRequest, pk: int) -> HttpResponse:
    """A new secret, shown in this answer and never again; or no messages any more."""
    tracker = tracker_get(request.actor, pk)
    if request.POST.get("end") == "1":
        hook_end(actor=request.actor, tracker=tracker)
        messages.success(request, _("Its messages are no longer taken."))
        return redirect("tracker-detail", pk)
    try:
        secret = hook_make(actor=request.actor, tracker=tracker)
    except Conflict as error:
        messages.warning(request, error.message)
        return redirect("tracker-detail", pk)
    return _shown(request, pk, secret=secret)


@never_cache
@require_http_methods(["GET", "POST"])
def tracker_edit_page(request: PageRequest, pk: int) -> HttpResponse:
    tracker = tracker_get(request.actor, pk)
    names = ("name", "kind", "url", "project", "username", "issue_type", "closes_fixed", "version")
    initial = {name: getattr(tracker, name) for name in names}
    initial["labels"] = ", ".join(tracker.labels)
    initial["system"] = tracker.system.key if tracker.system else ""
    systems = systems_visible(request.actor)
    form = TrackerEditForm(request.POST or None, initial=initial, systems=systems)
    if request.method == "POST" and form.is_valid():
        try:
            tracker_edit(actor=request.actor, tracker=tracker, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        except EditConflict as error:
            form.add_conflict(current_version=error.current_version)
        except Conflict as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("The tracker is changed."))
            return redirect("tracker-detail", pk)
    context = {"form": form, "tracker": tracker}
    return render(request, "trackers/edit.html", context, status=status_of(form))


@require_POST
def tracker_test_action(request: PageRequest, pk: int) -> HttpResponse:
    try:
        seen = tracker_test(actor=request.actor, tracker=tracker_get(request.actor, pk))
    except (OutgoingFailed, Conflict) as error:
        messages.warning(request, _("It does not work: %(why)s") % {"why": said(error.message)})
    else:
        messages.success(request, _("It works: %(seen)s") % {"seen": said(seen)})
    return redirect("tracker-detail", pk)


@require_POST
def tracker_pause_action(request: PageRequest, pk: int) -> HttpResponse:
    is_paused = request.POST.get("paused") == "1"
    tracker = tracker_get(request.actor, pk)
    tracker_pause(actor=request.actor, tracker=tracker, is_paused=is_paused)
    messages.success(request, _("It is paused.") if is_paused else _("It goes on."))
    return redirect("tracker-detail", pk)


@require_POST
def tracker_delete_action(request: PageRequest, pk: int) -> HttpResponse:
    tracker = tracker_get(request.actor, pk)
    removal = tracker_delete(actor=request.actor, tracker=tracker)
    told = _("%(name)s is gone.") % {"name": tracker.name}
    tell_undoable(request, told, "removed-undo", removal.uid)
    return redirect("tracker-list")


@require_POST
def ticket_again_action(request: PageRequest, uid: uuid.UUID) -> HttpResponse:
    ticket = ticket_get(request.actor, uid)
    try:
        ticket_again(actor=request.actor, ticket=ticket)
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("The ticket is on its way again."))
    return _back(ticket)


@never_cache
@require_http_methods(["GET", "POST"])
def finding_ticket_page(request: PageRequest, pk: int) -> HttpResponse:
    return _ticket_page(request, finding_get(request.actor, pk))


@never_cache
@require_http_methods(["GET", "POST"])
def statement_ticket_page(request: PageRequest, pk: int) -> HttpResponse:
    return _ticket_page(request, statement_get(request.actor, pk))


def _ticket_page(request: PageRequest, subject: Finding | RiskStatement) -> HttpResponse:
    """What would leave, word for word; a POST has it filed."""
    require(request.actor, Permission.TICKET_FILE, subject)
    trackers = trackers_for(request.actor, subject)
    others = list[Finding]()
    if isinstance(subject, Finding):
        others = list(sightings_open(request.actor, subject)[: MOST_FINDINGS - 1])
    form = TicketForm(request.POST or None, trackers=trackers, has_sightings=bool(others))
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        whole = given.pop("whole_weakness", False)
        try:
            if whole and isinstance(subject, Finding):
                ticket = weakness_ticket_file(actor=request.actor, finding=subject, **given)
            else:
                ticket = ticket_file(actor=request.actor, subject=subject, **given)
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _filed(ticket))
            if isinstance(subject, Finding):
                return redirect("finding-detail", subject.pk)
            return _back(ticket)
    context: dict[str, object] = {
        "form": form,
        "subject": subject,
        "is_finding": isinstance(subject, Finding),
        "weakness_tickets": tickets_of_weakness(request.actor, subject, others)
        if isinstance(subject, Finding)
        else [],
    }
    tracker = _tracker_of(form, trackers)
    first: Finding | RiskStatement = subject
    if isinstance(subject, Finding):
        sightings = sorted([subject, *others], key=worst_first)
        if tracker and ticketed(tracker, sightings):
            sightings = [subject]  # all join that ticket: a new one is for this one alone
        first, *others = sightings
    context |= _previews(tracker, first, others)
    return render(request, "trackers/ticket.html", context, status=status_of(form))


def _filed(ticket: Ticket) -> str:
    if ticket.state == TicketState.QUEUED:
        return _("The ticket is being filed.")
    return _("It joined the ticket that there is for this weakness: %(name)s.") % {
        "name": ticket.name
    }


def _tracker_of(form: TicketForm, trackers: QuerySet[Tracker]) -> Tracker | None:
    """The one whose ticket the page shows: as chosen, or the first."""
    chosen: Tracker | None = form.cleaned_data.get("tracker") if form.is_bound else None
    return chosen or trackers.first()


def _previews(
    tracker: Tracker | None, subject: Finding | RiskStatement, others: Sequence[Finding]
) -> dict[str, object]:
    """What would leave for this tracker, whole and with links only; nothing where there is none."""
    shown: dict[str, object] = {"others": others, "has_trackers": tracker is not None}
    if tracker is not None:
        for name, link_only in (("whole", False), ("reduced", True)):
            shown[name] = ticket_text(tracker.kind, subject, link_only=link_only, others=others)
    return shown


@never_cache
@require_POST
def findings_ticket_page(request: PageRequest) -> HttpResponse:
    """One ticket for findings, ticked or all of a filter: what would leave; with `confirm` it is filed."""
    back_url = list_address(request)
    found = findings_meant(request, MOST_FINDINGS)
    if refused := too_many(found, MOST_FINDINGS):
        messages.warning(request, refused)
        return redirect(back_url)
    for finding in found:
        require(request.actor, Permission.TICKET_FILE, finding)
    trackers = trackers_for(request.actor, found[0])
    form = TicketForm(request.POST if "confirm" in request.POST else None, trackers=trackers)
    if form.is_bound and form.is_valid():
        try:
            ticket = findings_ticket_file(actor=request.actor, findings=found, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as error:
            form.add_error(None, error.message)
        else:
            left = len(found) - len(ticket.finding_ids)
            messages.success(request, _("The ticket is being filed."))
            if left:
                text = ngettext(
                    "%(left)s of them has a ticket there already and was left out.",
                    "%(left)s of them have a ticket there already and were left out.",
                    left,
                )
                messages.info(request, text % {"left": left})
            return _back(ticket)
    tracker = _tracker_of(form, trackers)
    taken = ticketed(tracker, found) if tracker else {}
    unfiled = [one for one in found if one.pk not in taken]
    context: dict[str, object] = {
        "form": form,
        "chosen": found,
        "is_finding": True,
        "back_url": back_url,
    }
    context |= {"left": unfiled, "taken": len(taken), "shown_tracker": tracker}
    first, *others = unfiled or found
    context |= _previews(tracker, first, others)
    return render(request, "trackers/ticket.html", context, status=status_of(form))


def _back(ticket: Ticket) -> HttpResponse:
    if ticket.finding_id:
        return redirect("finding-detail", ticket.finding_id)
    return redirect("statement-detail", ticket.statement_id)
