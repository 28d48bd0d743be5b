"""One finding: what, where, since when, and the risk statements that it bears on."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from apps.accounts.requests import PageRequest
from apps.evidence.selectors import links_of_finding
from apps.scans.history import history
from apps.scans.models import Finding
from apps.scans.selectors import finding_get, presences_of

# What a finding's facts may say of its place, with the words for it.
PLACES = (
    ("logical", _("Function or test")),
    ("url", _("Address")),
    ("parameter", _("Parameter")),
    ("host", _("Host")),
    ("port", _("Port")),
    ("protocol", _("Protocol")),
    ("resource", _("Resource")),
)


@require_GET
def finding_page(request: PageRequest, pk: int) -> HttpResponse:
    finding = finding_get(request.actor, pk)
    detail = getattr(finding, "detail", None)
    facts: dict[str, Any] = detail.facts if detail else {}
    context = {
        "finding": finding,
        "detail": detail,
        "facts": facts,
        "state": "reopened" if _is_back(finding) else finding.state,
        "places": [(label, facts[name]) for name, label in PLACES if facts.get(name)],
        "references": [url for url in facts.get("references", ()) if _is_web(url)],
        "history": history(presences_of(request.actor, pk)),
        "links": links_of_finding(request.actor, pk),
    }
    return render(request, "scans/finding_detail.html", context)


def _is_back(finding: Finding) -> bool:
    return finding.state == "open" and finding.reopened_count > 0


def _is_web(url: object) -> bool:
    """SECURITY: the address is the tool's; javascript: and its like are never linked."""
    return isinstance(url, str) and url.lower().startswith(("https://", "http://"))
