"""The organisation's own 5x5 scale, for those who write risks."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.policy import require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.common.errors import Invalid
from apps.risks.forms_scale import ScaleForm
from apps.risks.services.scales import current_scale, scale_set


@require_http_methods(["GET", "POST"])
def scale_page(request: PageRequest) -> HttpResponse:
    require(request.actor, Permission.STATEMENT_EDIT)
    form = ScaleForm(request.POST or None, levels=current_scale())
    if request.method == "POST" and form.is_valid():
        try:
            scale_set(actor=request.actor, **form.bounds())
        except Invalid as error:
            form.refuse(error)
        else:
            messages.success(request, _("The levels mean that from now on."))
            return redirect("settings-scale")
    status = 422 if form.errors else 200
    return render(request, "risks/scale.html", {"form": form}, status=status)
