"""Issues that become planning items: what an admin says of it, and what an item's page offers."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.requests import PageRequest
from apps.catalog.selectors import systems_visible
from apps.common.errors import Conflict, EditConflict, Invalid
from apps.common.forms import apply_domain_errors, status_of
from apps.common.outgoing import OutgoingFailed
from apps.planning.models import ItemStatus
from apps.planning.selectors import item_get
from apps.planning.services.items import item_move
from apps.trackers.forms import MirrorForm
from apps.trackers.models import Tracker
from apps.trackers.selectors import mirror_of, tracker_get
from apps.trackers.services.mirrored import mirrored_take_over
from apps.trackers.services.mirrors import Trials, mirror_run_now, mirror_save, mirror_try
from apps.trackers.services.telling import tell_again


@never_cache
@require_http_methods(["GET", "POST"])
def mirror_page(request: PageRequest, pk: int) -> HttpResponse:
    """What is said of the mirror. "Try" shows what it would bring and saves nothing."""
    tracker = tracker_get(request.actor, pk)
    mirror = mirror_of(request.actor, tracker)
    systems = systems_visible(request.actor)
    form = MirrorForm(request.POST or None, mirror=mirror, systems=systems)
    trials, failure = None, ""
    if request.method == "POST" and form.is_valid():
        try:
            if "try" in request.POST:
                trials = _tried(request, tracker, form)
            else:
                version = form.cleaned_data["version"]
                values = form.typed()
                mirror_save(actor=request.actor, tracker=tracker, version=version, **values)
                messages.success(request, _("Saved."))
                return redirect(f"{reverse('tracker-detail', args=[pk])}#mirror")
        except Invalid as error:
            apply_domain_errors(form, error)
        except EditConflict as conflict:
            form.add_conflict(current_version=conflict.current_version)
        except (OutgoingFailed, Conflict) as error:
            failure = error.message
    context = {"form": form, "tracker": tracker, "trials": trials, "failure": failure}
    return render(request, "trackers/mirror.html", context, status=status_of(form))


def _tried(request: PageRequest, tracker: Tracker, form: MirrorForm) -> Trials:
    return mirror_try(actor=request.actor, tracker=tracker, **form.typed())


@require_POST
def mirror_run_action(request: PageRequest, pk: int) -> HttpResponse:
    try:
        mirror_run_now(actor=request.actor, tracker=tracker_get(request.actor, pk))
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("It is read now. Load the page again to see what came of it."))
    return redirect(f"{reverse('tracker-detail', args=[pk])}#mirror")


@require_POST
def item_take_over_action(request: PageRequest, pk: int) -> HttpResponse:
    """Give the item the tracker's words, unless somebody wrote others since the page was read."""
    item = item_get(request.actor, pk)
    version = _version(request)
    try:
        mirrored_take_over(actor=request.actor, item=item, version=version)
    except (Conflict, EditConflict) as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("The item says what the tracker says, and follows it again."))
    return redirect("item-detail", pk)


@require_POST
def item_finish_action(request: PageRequest, pk: int) -> HttpResponse:
    """What was closed in the tracker is done here, too, since a person says so."""
    item = item_get(request.actor, pk)
    version = _version(request)
    try:
        item_move(actor=request.actor, item=item, version=version, status=ItemStatus.DONE)
    except (Conflict, EditConflict) as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("It is done."))
    return redirect("item-detail", pk)


@require_POST
def item_tell_again_action(request: PageRequest, pk: int) -> HttpResponse:
    try:
        tell_again(actor=request.actor, item=item_get(request.actor, pk))
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("It is sent again."))
    return redirect("item-detail", pk)


def _version(request: PageRequest) -> int:
    """The version that the page showed; none that can be is one that nothing has."""
    said = request.POST.get("version", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0
