"""Which findings a form of the list is about: the ticked ones, or all of the filter in its address."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.requests import PageRequest
from apps.catalog.selectors import systems_offered
from apps.common.addresses import address
from apps.scans.forms import FindingFilterForm
from apps.scans.forms_triage import ChosenFindings
from apps.scans.models import Finding
from apps.scans.selectors import FindingFilter, findings_chosen
from apps.scans.selectors_meant import findings_of_filter
from apps.scans.views.findings import OPENED


def filter_asked(request: PageRequest) -> FindingFilter:
    """The filter in the address."""
    given = request.GET
    systems = systems_offered(request.actor, given.get("system", ""))
    return FindingFilterForm(given, systems=systems).wanted()


def list_address(request: PageRequest) -> str:
    """The list as it was filtered, and which page of it was open."""
    return address(reverse("finding-list"), request.GET, OPENED)


def findings_meant(request: PageRequest, most: int) -> list[Finding]:
    """The findings that a form of the list sends, the worst first, each seen by the reader.

    Of a filter that finds more than `most` it gives one more than that, so that the caller can refuse.
    """
    chosen = ChosenFindings(request.POST)
    if chosen.is_all:
        return findings_of_filter(request.actor, filter_asked(request), most)
    return findings_chosen(request.actor, chosen.numbers())


def too_many(found: Sequence[Finding], most: int) -> str:
    """Why an act that takes 1 to `most` findings of one system does not take these; "" where it does."""
    if not found:
        return _("None is ticked: tick rows, or choose all of the filter.")
    if len(found) > most:
        text = _(
            "The filter finds more than %(most)d findings: narrow it, or tick at most %(most)d."
        )
        return text % {"most": most}
    if len({each.system_id for each in found}) > 1:
        return _("They are of several systems: filter by one, or tick those of one.")
    return ""
