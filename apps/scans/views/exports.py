"""The findings of a list as a file."""

from django.http import Http404
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from apps.accounts.requests import PageRequest
from apps.catalog.selectors import systems_offered
from apps.scans.columns import of_address
from apps.scans.exports.answers import export_answer
from apps.scans.exports.files import KINDS
from apps.scans.forms import FindingFilterForm
from apps.scans.views.findings import NAMES


@require_GET
def finding_export(request: PageRequest) -> HttpResponseBase:
    """Exactly what the filter in the address shows, on all its pages."""
    kind = request.GET.get("format", "")
    if kind not in KINDS:
        raise Http404
    form = FindingFilterForm(
        request.GET, systems=systems_offered(request.actor, request.GET.get("system", ""))
    )
    asked = {name: str(form.given(name)) for name in NAMES if form.given(name)}
    columns = of_address(request.GET.get("columns", ""))
    return export_answer(request.actor, form.wanted(), kind, asked, columns)
