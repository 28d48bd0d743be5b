"""Webhooks: what there is, one with its log, and what can be done to it."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.requests import PageRequest
from apps.catalog.selectors import systems_visible
from apps.common.errors import Conflict, EditConflict, Invalid
from apps.common.flashes import tell_undoable
from apps.common.forms import apply_domain_errors, status_of
from apps.outbound.forms import WebhookEditForm, WebhookNewForm
from apps.outbound.selectors import deliveries_of, delivery_get, webhook_get, webhooks_list
from apps.outbound.services.webhooks import (
    MadeWebhook,
    delivery_again,
    webhook_create,
    webhook_delete,
    webhook_edit,
    webhook_pause,
    webhook_ping,
    webhook_rotate,
)

SHOWN = 50


@never_cache
@require_http_methods(["GET", "POST"])
def webhook_list_page(request: PageRequest) -> HttpResponse:
    """Those there are, and a form for one more, whose key is shown once."""
    webhooks = webhooks_list(request.actor)
    form = WebhookNewForm(request.POST or None, systems=systems_visible(request.actor))
    if request.method == "POST" and form.is_valid():
        try:
            made = webhook_create(actor=request.actor, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as error:
            form.add_error(None, error.message)
        else:
            return _with_secret(request, made)
    context = {"form": form, "webhooks": webhooks}
    status = status_of(form)
    return render(request, "outbound/list.html", context, status=status)


@never_cache
@require_GET
def webhook_page(request: PageRequest, pk: int) -> HttpResponse:
    webhook = webhook_get(request.actor, pk)
    context = {"webhook": webhook, "deliveries": deliveries_of(request.actor, webhook)[:SHOWN]}
    return render(request, "outbound/detail.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def webhook_edit_page(request: PageRequest, pk: int) -> HttpResponse:
    webhook = webhook_get(request.actor, pk)
    names = ("name", "url", "kind", "events", "version")
    initial = {name: getattr(webhook, name) for name in names}
    initial["system"] = webhook.system.key if webhook.system else ""
    systems = systems_visible(request.actor)
    form = WebhookEditForm(request.POST or None, initial=initial, systems=systems)
    if request.method == "POST" and form.is_valid():
        try:
            webhook_edit(actor=request.actor, webhook=webhook, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        except EditConflict as error:
            form.add_conflict(current_version=error.current_version)
        else:
            messages.success(request, _("The webhook is changed."))
            return redirect("webhook-detail", pk)
    context = {"form": form, "webhook": webhook}
    status = status_of(form)
    return render(request, "outbound/edit.html", context, status=status)


@require_POST
def webhook_test_action(request: PageRequest, pk: int) -> HttpResponse:
    try:
        webhook_ping(actor=request.actor, webhook=webhook_get(request.actor, pk))
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("A test message is on its way; the log shows how it went."))
    return redirect("webhook-detail", pk)


@never_cache
@require_POST
def webhook_rotate_action(request: PageRequest, pk: int) -> HttpResponse:
    try:
        made = webhook_rotate(actor=request.actor, webhook=webhook_get(request.actor, pk))
    except Conflict as error:
        messages.warning(request, error.message)
        return redirect("webhook-detail", pk)
    return _with_secret(request, made)


@require_POST
def webhook_pause_action(request: PageRequest, pk: int) -> HttpResponse:
    webhook = webhook_get(request.actor, pk)
    is_paused = request.POST.get("paused") == "1"
    webhook_pause(actor=request.actor, webhook=webhook, is_paused=is_paused)
    messages.success(request, _("It is paused.") if is_paused else _("It is told again."))
    return redirect("webhook-detail", pk)


@require_POST
def webhook_delete_action(request: PageRequest, pk: int) -> HttpResponse:
    webhook = webhook_get(request.actor, pk)
    removal = webhook_delete(actor=request.actor, webhook=webhook)
    told = _("%(name)s is gone.") % {"name": webhook.name}
    tell_undoable(request, told, "removed-undo", removal.uid)
    return redirect("webhook-list")


@require_POST
def delivery_again_action(request: PageRequest, pk: int, uid: uuid.UUID) -> HttpResponse:
    webhook = webhook_get(request.actor, pk)
    try:
        delivery_again(actor=request.actor, delivery=delivery_get(request.actor, webhook, uid))
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("The message is on its way again."))
    return redirect("webhook-detail", pk)


def _with_secret(request: PageRequest, made: MadeWebhook) -> HttpResponse:
    """SECURITY: shown in this answer alone, which nothing keeps."""
    context = {"webhook": made.webhook, "secret": made.secret, "deliveries": []}
    return render(request, "outbound/detail.html", context)
