"""Pictures: one's own, and for those who manage systems everybody's, where they stand, and taking them away."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.requests import PageRequest
from apps.advice.pictures import Uses, uses_shown
from apps.attachments.selectors import (
    attachment_get,
    manages_pictures,
    pictures_managed,
    pictures_own,
)
from apps.attachments.services.attachments import attachment_remove
from apps.common.addresses import address, whole_number
from apps.common.errors import Conflict

PAGE = 30


@never_cache
@require_GET
def picture_list_page(request: PageRequest) -> HttpResponse:
    """With ?all=1 everybody's."""
    is_all = request.GET.get("all") == "1"
    rows = pictures_managed(request.actor) if is_all else pictures_own(request.actor)
    before, path = whole_number(request.GET.get("before")), reverse("settings-pictures")
    found = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    pictures = found[:PAGE]
    uses = uses_shown(request.actor, [each.uid for each in pictures])
    names = ("all",)
    context = {
        "pictures": [(each, uses.get(each.uid, Uses([]))) for each in pictures],
        "is_all": is_all,
        "manages": manages_pictures(request.actor),
        "next_url": address(path, request.GET, names, before=pictures[-1].pk)
        if found[PAGE:]
        else "",
        "first_url": address(path, request.GET, names) if before else "",
    }
    return render(request, "attachments/list.html", context)


@require_POST
def picture_remove_action(request: PageRequest, uid: uuid.UUID) -> HttpResponse:
    picture = attachment_get(request.actor, uid)
    try:
        attachment_remove(actor=request.actor, attachment=picture)
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("The picture is gone."))
    back = "?all=1" if request.POST.get("all") == "1" else ""
    return redirect(reverse("settings-pictures") + back)
