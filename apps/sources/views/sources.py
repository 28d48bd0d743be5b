"""Sources: the list, one with its runs, making and changing it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.policy import may, require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.catalog.models import System
from apps.catalog.selectors import systems_offered, systems_permitting
from apps.common.errors import Conflict, EditConflict, Invalid
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors, status_of
from apps.common.said import said
from apps.sources.forms import SourceFilterForm, SourceForm, initial_of, interval_words
from apps.sources.models import UNFINISHED, Source
from apps.sources.registry import connector_name, registry
from apps.sources.selectors import (
    credentials_list,
    pulled_of,
    runs_of,
    source_get,
    sources_filtered,
)
from apps.sources.services.sources import (
    source_create,
    source_delete,
    source_edit,
    source_pause,
    source_run_now,
)
from apps.sources.services.testing import source_test

PAGE = 200
RUNS_SHOWN, PULLED_SHOWN = 20, 20


@require_GET
def source_list_page(request: PageRequest) -> HttpResponse:
    viewer = request.actor
    form = SourceFilterForm(
        request.GET, systems=systems_offered(viewer, request.GET.get("system", ""))
    )
    wanted = form.wanted()
    context = {
        "form": form,
        "sources": [
            (source, connector_name(source.connector))
            for source in sources_filtered(viewer, **wanted)[:PAGE]
        ],
        "is_filtered": any(wanted.values()),
        "connectors": registry().connectors,
        "may_manage": viewer.systems_with(Permission.SOURCE_MANAGE) != frozenset(),
    }
    return render(request, "sources/list.html", context)


@require_GET
def source_page(request: PageRequest, pk: int) -> HttpResponse:
    return _detail(request, source_get(request.actor, pk))


def _detail(request: PageRequest, source: Source, **more: Any) -> HttpResponse:
    runs = list(runs_of(request.actor, source.pk)[:RUNS_SHOWN])
    is_busy = any(run.state in UNFINISHED for run in runs)
    connector = registry().get(source.connector)
    fields = connector.fields if connector else ()
    context = {
        "source": source,
        "connector": connector,
        "facts": [
            (said(field.label), source.config[field.name])
            for field in fields
            if source.config.get(field.name) not in {"", None}
        ],
        "every": interval_words(source.interval_minutes or 0),
        "runs": runs,
        "is_busy": is_busy,
        "follows": is_busy or _is_due(source),
        "pulled": pulled_of(request.actor, source.pk)[:PULLED_SHOWN],
        "may_manage": may(request.actor, Permission.SOURCE_MANAGE, source),
        **more,
    }
    return render(request, "sources/detail.html", context)


def _is_due(source: Source) -> bool:
    """Whether the next sweep will have it run."""
    due = source.next_run_at
    return not source.is_paused and due is not None and due <= timezone.now()


@require_http_methods(["GET", "POST"])
def source_create_page(request: PageRequest) -> HttpResponse:
    """First which connector, then its form."""
    systems = systems_permitting(request.actor, Permission.SOURCE_MANAGE)
    if not systems.exists():
        require(request.actor, Permission.SOURCE_MANAGE)
    connector = registry().get(request.GET.get("connector", ""))
    if connector is None:
        found = sorted(registry().connectors.values(), key=lambda each: each.name.lower())
        wanted = request.GET.get("system", "")
        return render(request, "sources/choose.html", {"connectors": found, "system": wanted})
    form = SourceForm(
        request.POST or None,
        connector=connector,
        systems=systems,
        credentials=credentials_list(request.actor),
        initial={"system": request.GET.get("system", ""), "interval_minutes": 1440},
    )
    if request.method == "POST" and form.is_valid():
        made = _create(request, form, form.cleaned_data["system"])
        if made is not None:
            messages.success(request, _("It is there. Try the connection next."))
            return redirect("source-detail", made.pk)
    context = {"form": form, "connector": connector}
    return render(request, "sources/form.html", context, status=status_of(form))


def _create(request: PageRequest, form: SourceForm, system: System) -> Source | None:
    try:
        return source_create(actor=request.actor, system=system, content=form.content())
    except Invalid as error:
        apply_domain_errors(form, error)
    return None


@require_http_methods(["GET", "POST"])
def source_edit_page(request: PageRequest, pk: int) -> HttpResponse:
    source = source_get(request.actor, pk)
    require(request.actor, Permission.SOURCE_MANAGE, source)
    connector = registry().get(source.connector)
    if connector is None:
        raise Conflict(_("The connector of this source is no longer installed."))
    form = SourceForm(
        request.POST or None,
        connector=connector,
        systems=systems_permitting(request.actor, Permission.SOURCE_MANAGE),
        credentials=credentials_list(request.actor).filter(system=source.system),
        is_new=False,
        initial=initial_of(source),
    )
    if request.method == "POST" and form.is_valid() and _edit(request, form, source):
        messages.success(request, _("Saved. It is tried anew."))
        return redirect("source-detail", pk)
    context = {"form": form, "connector": connector, "source": source}
    return render(request, "sources/form.html", context, status=status_of(form))


def _edit(request: PageRequest, form: SourceForm, source: Source) -> bool:
    version = form.cleaned_data["version"]
    try:
        source_edit(actor=request.actor, source=source, version=version, content=form.content())
    except Invalid as error:
        apply_domain_errors(form, error)
        return False
    except EditConflict as error:
        form.add_conflict(current_version=error.current_version)
        return False
    return True


@require_POST
def source_run_action(request: PageRequest, pk: int) -> HttpResponse:
    try:
        source_run_now(actor=request.actor, source=source_get(request.actor, pk))
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("It runs as soon as a worker is free."))
    return redirect("source-detail", pk)


@require_POST
def source_test_action(request: PageRequest, pk: int) -> HttpResponse:
    """The diagnosis stands on the page that answers; it is kept nowhere."""
    source = source_get(request.actor, pk)
    steps = source_test(actor=request.actor, source=source)
    return _detail(request, source, steps=steps, is_good=all(step.is_good for step in steps))


@require_POST
def source_pause_action(request: PageRequest, pk: int) -> HttpResponse:
    is_paused = request.POST.get("pause") == "yes"
    source = source_get(request.actor, pk)
    source_pause(actor=request.actor, source=source, is_paused=is_paused)
    messages.success(request, _("Paused.") if is_paused else _("It goes on."))
    return redirect("source-detail", pk)


@require_POST
def source_delete_action(request: PageRequest, pk: int) -> HttpResponse:
    source = source_get(request.actor, pk)
    removal = source_delete(actor=request.actor, source=source)
    told = _("%(name)s is gone; its reports stay.") % {"name": source.name}
    tell_undoable(request, told, "removed-undo", removal.uid)
    return redirect("source-list")
