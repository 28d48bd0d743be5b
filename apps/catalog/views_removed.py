"""What was taken away lately, and the way back."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.requests import PageRequest
from apps.accounts.signing_in import is_sure
from apps.accounts.views_security import sure
from apps.catalog.models import System
from apps.catalog.removed import (
    removal_get,
    removals_visible,
    removed_forget,
    removed_restore,
)
from apps.common.errors import Conflict, Invalid
from apps.common.said import said
from apps.removals.kinds import kinds
from apps.removals.models import KEPT, Removal

SHOWN = 100


@require_GET
def removed_page(request: PageRequest) -> HttpResponse:
    rows = list(removals_visible(request.actor)[: SHOWN + 1])
    systems = System.objects.visible_to(request.actor).in_bulk(
        {row.system_id for row in rows if row.system_id}
    )
    context = {
        "rows": [(row, kinds()[row.kind], systems.get(row.system_id)) for row in rows[:SHOWN]],
        "has_more": len(rows) > SHOWN,
        "days": KEPT.days,
    }
    return render(request, "catalog/removed.html", context)


@require_POST
def removed_undo_action(request: PageRequest, uid: uuid.UUID) -> HttpResponse:
    removal = removal_get(request.actor, uid)
    undo = sure(_undo) if kinds()[removal.kind].asks_again else _undo
    return undo(request, removal)


def _undo(request: PageRequest, removal: Removal) -> HttpResponse:
    try:
        page = removed_restore(actor=request.actor, removal=removal, is_sure=is_sure(request))
    except Invalid as error:
        problems = (said(each) for each_field in error.fields.values() for each in each_field)
        messages.warning(request, " ".join(problems))
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        told = _("Undone: “%(name)s” is back as it was.") % {"name": removal.label}
        messages.success(request, f"{told} {kinds()[removal.kind].note}".strip())
        return redirect(page)
    return redirect("removed-list")


@require_POST
def removed_forget_action(request: PageRequest, uid: uuid.UUID) -> HttpResponse:
    removal = removal_get(request.actor, uid)
    try:
        removed_forget(actor=request.actor, removal=removal)
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("“%(name)s” is gone for good.") % {"name": removal.label})
    return redirect("removed-list")
