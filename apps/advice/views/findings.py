"""One finding: what, where, since when, and the risk statements that it bears on."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.actors import Actor
from apps.accounts.policy import may, require
from apps.accounts.requests import PageRequest
from apps.accounts.roles import Permission
from apps.common.errors import Conflict, Invalid
from apps.common.forms import apply_domain_errors
from apps.common.parts import Parts
from apps.evidence.selectors import links_of_finding
from apps.scans.forms_triage import OwnerForm, VerdictForm
from apps.scans.history import history, words
from apps.scans.models import Finding
from apps.scans.selectors import finding_get, owners_told, presences_of, verdicts_of
from apps.scans.selectors_exploits import due_on, exploits_of, remediation_days
from apps.scans.selectors_groups import sightings_of
from apps.scans.services.assign import finding_own
from apps.scans.services.triage import finding_triage
from apps.trackers.selectors import ticket_panel, tickets_of, tickets_of_weakness, trackers_for

# What a finding's facts may say of its place, with the words for it.
PLACES = (
    ("logical", lazy("Function or test")),
    ("url", lazy("Address")),
    ("parameter", lazy("Parameter")),
    ("host", lazy("Host")),
    ("port", lazy("Port")),
    ("protocol", lazy("Protocol")),
    ("resource", lazy("Resource")),
)


VERDICTS_SHOWN, SIGHTINGS_SHOWN = 20, 20


@require_http_methods(["GET", "POST"])
def finding_page(request: PageRequest, pk: int) -> HttpResponse:
    """The finding, with `panel` in the address as it stands beside the list; a POST says what it is."""
    finding = finding_get(request.actor, pk)
    form = VerdictForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            finding_triage(actor=request.actor, finding=finding, **form.said())
        except Invalid as error:
            apply_domain_errors(form, error)
        except Conflict as error:
            messages.warning(request, error.message)
            return redirect("finding-detail", pk)
        else:
            messages.success(request, _("Saved. It can be taken back below."))
            return redirect("finding-detail", pk)
    return _page(request, finding, form)


@require_POST
def finding_owner_action(request: PageRequest, pk: int) -> HttpResponse:
    """Whose one finding is."""
    finding = finding_get(request.actor, pk)
    require(request.actor, Permission.FINDING_TRIAGE, finding)
    form = OwnerForm(request.POST)
    if not form.is_valid():
        return _page(request, finding, VerdictForm(), form)
    if finding_own(actor=request.actor, finding=finding, team=form.owner()).changed:
        messages.success(request, _("Saved. It can be taken back below."))
    else:
        messages.success(request, _("It was so already: nothing changed."))
    return redirect("finding-detail", pk)


def _page(
    request: PageRequest, finding: Finding, form: VerdictForm, owner_form: OwnerForm | None = None
) -> HttpResponse:
    """The document, with whichever form was refused."""
    detail = getattr(finding, "detail", None)
    facts: dict[str, Any] = detail.facts if detail else {}
    parts = _parts(request.actor, finding)
    may_triage = may(request.actor, Permission.FINDING_TRIAGE, finding)
    context = {
        "finding": finding,
        "detail": detail,
        "facts": facts,
        "state": "reopened" if _is_back(finding) else finding.state,
        "places": [(label, facts[name]) for name, label in PLACES if facts.get(name)],
        "references": [url for url in facts.get("references", ()) if _is_web(url)],
        "sightings": parts["sightings"],
        "owner": getattr(finding, "owner", None),
        "tags": parts["tags"],
        "exploits": exploits_of(finding),
        "due_day": due_on(finding, remediation_days()),
        "history": history(presences_of(finding)),
        "links": parts["links"],
        "words": words(parts["verdicts"], parts["owners"]),
        "owner_form": owner_form or (OwnerForm() if may_triage else None),
        **ticket_panel(
            finding,
            parts["tickets"],
            may_file="trackers" in parts,
            of_weakness=tickets_of_weakness(request.actor, finding, parts["sightings"]),
        ),
        "triage_form": form,
        "triage_refused": bool(form.errors),
        "may_triage": may_triage,
        "may_link": may(request.actor, Permission.EVIDENCE_LINK, finding)
        and not finding.is_preview,
    }
    status = 422 if form.errors or owner_form else 200
    template = (
        "finding_panel" if request.method == "GET" and "panel" in request.GET else "finding_detail"
    )
    return render(request, f"scans/{template}.html", context, status=status)


def _parts(viewer: Actor, finding: Finding) -> Parts:
    """What may be known of a finding besides; of most it is little."""
    return Parts(
        tags=finding.tags.values_list("tag", flat=True),
        sightings=sightings_of(viewer, finding)[:SIGHTINGS_SHOWN],
        links=links_of_finding(viewer, finding.pk),
        verdicts=verdicts_of(finding)[:VERDICTS_SHOWN],
        owners=owners_told(finding)[:VERDICTS_SHOWN],
        tickets=tickets_of(viewer, finding),
        trackers=trackers_for(viewer, finding),
    )


def _is_back(finding: Finding) -> bool:
    return finding.state == "open" and finding.reopened_count > 0


def _is_web(url: object) -> bool:
    """SECURITY: the address is the tool's; javascript: and its like are never linked."""
    return isinstance(url, str) and url.lower().startswith(("https://", "http://"))
