"""Systems: all as cards, and one with its loop, risks, plans, evidence, people and tokens."""

from decimal import Decimal
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.forms_tokens import SystemTokenForm
from apps.accounts.policy import may, require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.accounts.services.tokens import token_create_for_system
from apps.advice.loop import StageView, system_cards
from apps.advice.system_page import SystemView, system_view
from apps.catalog.forms import SystemForm
from apps.catalog.models import System
from apps.catalog.selectors import any_archived, system_get, systems_archived
from apps.catalog.services import system_create
from apps.common.errors import Invalid
from apps.common.forms import apply_domain_errors
from apps.common.templatetags.figures import LoopStage
from apps.common.ui.ages import age_of
from apps.common.ui.money import amount_told

ARCHIVED_SHOWN = 200


@require_GET
def system_list_page(request: PageRequest) -> HttpResponse:
    """Those in use; with ?archived those that are archived."""
    if "archived" in request.GET:
        return _archived_list(request)
    context = {
        "cards": system_cards(request.actor),
        "has_archived": any_archived(request.actor),
        "may_import": may(request.actor, Permission.SYSTEM_MANAGE),
    }
    return render(request, "advice/system_list.html", context)


def _archived_list(request: PageRequest) -> HttpResponse:
    context = {"systems": systems_archived(request.actor)[:ARCHIVED_SHOWN]}
    return render(request, "advice/system_archived.html", context)


@require_http_methods(["GET", "POST"])
def system_create_page(request: PageRequest) -> HttpResponse:
    require(request.actor, Permission.SYSTEM_MANAGE)
    form = SystemForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            system = system_create(actor=request.actor, **form.fields_typed())
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            messages.success(request, _("%(name)s is there.") % {"name": system.name})
            return redirect("system-detail", system.key)
    return render(
        request, "advice/system_form.html", {"form": form}, status=422 if form.errors else 200
    )


@require_GET
def system_page(request: PageRequest, key: str) -> HttpResponse:
    return _page(request, system_view(request.actor, key), SystemTokenForm())


def _page(request: PageRequest, view: SystemView, token_form: SystemTokenForm) -> HttpResponse:
    context = {
        "view": view,
        "system": view.system,
        "loop_stages": [_loop_stage(view.system, stage) for stage in view.stages],
        "loop_left": _carried(view.expected_annual_loss),
        "loop_right": (
            _("%(met)d of %(all)d") % {"met": view.coverage.met, "all": view.coverage.expected},
            _("kinds of evidence fresh"),
        ),
        "token_form": token_form,
        "now": timezone.now(),
    }
    status = 422 if token_form.errors else 200
    return render(request, "advice/system_detail.html", context, status=status)


def _loop_stage(system: System, view: StageView) -> LoopStage:
    query = urlencode({"system": system.key, "stage": view.stage.value})
    return LoopStage(
        slug=view.stage.value,
        url=f"{reverse('finding-list')}?{query}",
        coverage=view.coverage,
        freshness=age_of(view.newest_at) if view.newest_at else "",
        value=view.expected_annual_loss if view.statement_count else None,
        open_findings=view.open_count,
    )


def _carried(loss: Decimal) -> tuple[str, str]:
    return f"{settings.SECOPS_CURRENCY} {amount_told(loss)}", _("expected loss a year")


@never_cache
@require_POST
def system_token_action(request: PageRequest, key: str) -> HttpResponse:
    """Make a pipeline's token and show it, once, with the line that uses it.

    SECURITY: the text is in this answer only, so no redirect follows.
    """
    system = system_get(request.actor, key)
    require(request.actor, Permission.TOKEN_MANAGE, system)
    form = SystemTokenForm(request.POST)
    if form.is_valid():
        try:
            made = token_create_for_system(
                actor=request.actor, system=system, system_id=system.pk, **form.cleaned_data
            )
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            context = {"system": system, "made": made, "base_url": settings.BASE_URL}
            return render(request, "advice/system_token.html", context)
    return _page(request, system_view(request.actor, key), form)
