"""Settings: the language and the time zone in which one reads."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.forms_place import PlaceForm
from apps.accounts.places import place_of, zones_offered
from apps.accounts.requests import PageRequest
from apps.accounts.services.places import place_set
from apps.common.errors import Invalid
from apps.common.forms import apply_domain_errors


@require_http_methods(["GET", "POST"])
def place_page(request: PageRequest) -> HttpResponse:
    form = PlaceForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_bound and form.is_valid():
        try:
            request.user = place_set(actor=request.actor, **form.cleaned_data)
        except Invalid as error:
            apply_domain_errors(form, error)
        else:
            with place_of(request).entered():  # the answer is in the new language already
                messages.success(request, _("Saved."))
            return redirect("settings-place")
    context = {
        "form": form,
        "zones": zones_offered(),
        "now": timezone.now(),
        "zone": timezone.get_current_timezone_name(),
    }
    status = 422 if form.errors else 200
    return render(request, "accounts/place.html", context, status=status)
