"""The form of `import-scan` and `reimport-scan`: what is used here, and what is not, with the reason.

Source: DefectDojo's API v2, "Import" and "Reimport" (its serializers ImportScan and ReImportScan).
"""

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from django.utils import timezone
from rest_framework import serializers

from apps.compat.api.dojo.base import LARGEST

SEVERITIES = ("Info", "Low", "Medium", "High", "Critical")
GROUPS = (
    "component_name",
    "component_name+component_version",
    "file_path",
    "finding_title",
    "vuln_id_from_tool",
)
AHEAD = dt.timedelta(hours=14)  # of UTC, where a day begins first
NOTHING = ("", "None", "null")  # what clients send where they mean nothing at all


def _text(longest: int) -> serializers.CharField:
    return serializers.CharField(max_length=longest, allow_blank=True, required=False, default="")


def _maybe() -> serializers.BooleanField:
    return serializers.BooleanField(required=False)


def _id() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=LARGEST, required=False)


class ScanIn(serializers.Serializer[Any]):
    """All that is documented; what is not is ignored, as clients expect."""

    scan_type = serializers.CharField(max_length=200)
    engagement = _id()
    test = _id()
    product_type_name = _text(255)
    product_name = _text(120)
    engagement_name = _text(300)
    test_title = _text(255)
    auto_create_context = serializers.BooleanField(default=False)
    close_old_findings = _maybe()
    close_old_findings_product_scope = _maybe()
    scan_date = serializers.DateField(required=False)
    service = _text(120)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=50, required=False
    )
    version = _text(100)
    build_id = _text(150)
    branch_tag = _text(150)
    commit_hash = _text(64)
    environment = _text(60)
    # Not used; what cannot be right is refused all the same.
    minimum_severity = serializers.ChoiceField(SEVERITIES, required=False)
    group_by = serializers.ChoiceField(GROUPS, required=False)
    active = _maybe()
    verified = _maybe()
    do_not_reactivate = _maybe()
    push_to_jira = _maybe()
    deduplication_on_engagement = _maybe()
    create_finding_groups_for_all_findings = _maybe()
    apply_tags_to_findings = _maybe()
    apply_tags_to_endpoints = _maybe()
    endpoint_to_add = _id()
    api_scan_configuration = _id()
    lead = _id()
    engagement_end_date = serializers.DateField(required=False)
    source_code_management_uri = _text(600)

    def validate_scan_date(self, value: dt.date) -> dt.date:
        if value > (timezone.now() + AHEAD).date():
            raise serializers.ValidationError("The scan_date cannot be in the future!")
        return value


def read_form(form: Mapping[str, Any], tags: Sequence[str]) -> dict[str, Any]:
    """What a client said. `tags`: the parameter's values, as it may be there several times.

    Raises: ValidationError.
    """
    said = {name: value for name, value in form.items() if value not in NOTHING}
    said.pop("tags", None)
    named = tags_of(tags)
    given = ScanIn(data=said | ({"tags": named} if named else {}))
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def tags_of(values: Sequence[str]) -> list[str]:
    """Tags once each, in order: clients send a JSON list, texts apart by commas, or one value for each.

    Raises: ValidationError.
    """
    found: list[str] = []
    for value in values:
        found += _json_list(value) if value.lstrip().startswith("[") else value.split(",")
    return list(dict.fromkeys(tag.strip() for tag in found if tag.strip() not in NOTHING))


def _json_list(value: str) -> list[str]:
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(tag, str) for tag in found):
        raise serializers.ValidationError({"tags": "A tag list must be a JSON list of texts."})
    return found


def scanned_at(day: dt.date | None, now: dt.datetime) -> dt.datetime | None:
    """The latest moment at which a scan of that day can have ended; `now` for one of today.

    Clients say the day of each scan, mostly today: of two on one day the later one is the newer one.
    """
    if day is None:
        return None
    end = dt.datetime.combine(day, dt.time.max, tzinfo=dt.UTC)
    return min(end, now)


class Unused(NamedTuple):
    """A parameter that changes nothing here. `harmless`: values that ask for what happens anyway."""

    harmless: Collection[Any]
    reason: str


_GROUPS = "Findings of one weakness or component are shown together on the page, without groups."
_TAGS = "Tags stay with the test; findings are told apart by what they are."
UNUSED = {
    "minimum_severity": Unused(
        {"Info"},
        "Every finding of the file counts, since a full report closes what it lacks. Lists filter by "
        "severity.",
    ),
    "active": Unused({True}, "What a report names is open until somebody decides otherwise."),
    "verified": Unused({False}, "Whether a finding is real is judged here, by a person."),
    "do_not_reactivate": Unused(
        {False},
        "What was fixed and is there again is open again; what somebody decided stays decided.",
    ),
    "push_to_jira": Unused({False}, "Tickets are filed from the portal, by people or its rules."),
    "group_by": Unused((), _GROUPS),
    "create_finding_groups_for_all_findings": Unused({True, False}, _GROUPS),
    "apply_tags_to_findings": Unused({False}, _TAGS),
    "apply_tags_to_endpoints": Unused({False}, _TAGS),
    "deduplication_on_engagement": Unused(
        {True}, "Each engagement has its own findings here, always."
    ),
    "endpoint_to_add": Unused((), "Where a finding is, its report says."),
    "api_scan_configuration": Unused(
        (), "Reports that the portal fetches are set up as its sources."
    ),
    "lead": Unused((), "Findings get owners by the system's own rules."),
    "engagement_end_date": Unused((), "An engagement does not end here."),
    "source_code_management_uri": Unused(
        {""}, "A system's repositories are listed by who manages it."
    ),
}
_PRODUCT_SCOPE = Unused(
    {False}, "A reimport closes within its test; import-scan says that it is the product's."
)


def not_used(given: Mapping[str, Any], *, is_reimport: bool) -> dict[str, str]:
    """Each parameter that asked for something that does not happen here, and why."""
    table = UNUSED | ({"close_old_findings_product_scope": _PRODUCT_SCOPE} if is_reimport else {})
    return {
        name: unused.reason
        for name, unused in table.items()
        if name in given and given[name] not in unused.harmless
    }
