from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.catalog.stages import Stage
from apps.common.api.inputs import Input
from apps.common.api.outputs import SystemRefOut
from apps.scans.formats.types import Severity
from apps.scans.models import FindingState, Report, ReportState, Series
from apps.scans.progress import Phase, progress_of
from apps.scans.selectors import ReportChange
from apps.scans.services.receive import LONGEST

SEVERITIES = {"info": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}
SEVERITY_NAMES = {number: name for name, number in SEVERITIES.items()}
HIGHEST_CWE = 99_999
LARGEST_ID = 10**18


def _said(name: str, help_text: str) -> serializers.CharField:
    return serializers.CharField(
        max_length=LONGEST[name], allow_blank=True, default="", help_text=help_text
    )


class UploadQuery(Input):
    """What the sender says of a report."""

    system = serializers.CharField(max_length=60, help_text="The system's key.")
    stage = serializers.ChoiceField(
        choices=Stage.choices,
        allow_blank=True,
        default="",
        help_text="Empty: the stage where the format belongs.",
    )
    tool = _said("tool", "Empty: what the report says.")
    category = _said("category", "Tells apart several runs of a tool, e.g. frontend and backend.")
    branch = _said(
        "branch", "Another branch than the default one makes a preview that never counts."
    )
    environment = _said("environment", "Of deployed things, e.g. production.")
    commit = _said("commit", "The revision that was looked at.")
    format = serializers.CharField(
        max_length=60,
        allow_blank=True,
        default="",
        help_text="One of GET /formats; empty: found out from the content.",
    )
    full = serializers.BooleanField(
        default=True, help_text="false: a part of the picture, which closes nothing."
    )
    filename = _said("filename", "A hint for people.")


class ReportQuery(Input):
    system = serializers.CharField(max_length=60, required=False, help_text="A system's key.")
    stage = serializers.ChoiceField(choices=Stage.choices, required=False)
    state = serializers.ChoiceField(choices=ReportState.choices, required=False)
    series = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)


class SeriesRefOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    stage = serializers.CharField()
    tool = serializers.CharField()
    category = serializers.CharField()
    branch = serializers.CharField()
    environment = serializers.CharField()
    is_preview = serializers.BooleanField()


class FailureOut(serializers.Serializer[Any]):
    reason = serializers.CharField(help_text="stable machine word")
    message = serializers.CharField()
    location = serializers.CharField()


class LinksOut(serializers.Serializer[Any]):
    """Whole addresses."""

    self = serializers.CharField()
    new = serializers.CharField(help_text="findings that it brought")
    gone = serializers.CharField(help_text="findings that it no longer saw")
    page = serializers.CharField(help_text="for people: the report on a page")


class ReportOut(serializers.Serializer[Any]):
    """A report and what became of it. Ask again while `state` is received or processing."""

    uid = serializers.UUIDField()
    system = SystemRefOut()
    state = serializers.ChoiceField(choices=ReportState.choices)
    stage = serializers.SerializerMethodField(help_text="As sent, or as found out.")
    tool = serializers.SerializerMethodField(help_text="As sent, or as found out.")
    category = serializers.CharField()
    branch = serializers.CharField()
    environment = serializers.CharField()
    commit = serializers.CharField()
    full = serializers.BooleanField(source="is_full")
    format = serializers.SerializerMethodField(help_text="As sent, or as found out.")
    filename = serializers.CharField()
    size = serializers.IntegerField(help_text="bytes, after decompression")
    sha256 = serializers.CharField(help_text="of the bytes after decompression")
    raw_is_masked = serializers.BooleanField(
        help_text="The raw copy holds no secrets any more; sha256 and size are of what was sent."
    )
    received_at = serializers.DateTimeField()
    received_by = serializers.CharField()
    attempts = serializers.IntegerField()
    series = SeriesRefOut(allow_null=True)
    tool_version = serializers.CharField()
    scanned_at = serializers.DateTimeField(allow_null=True)
    scan_status = serializers.CharField(
        help_text="complete, failed or unknown; empty until processed"
    )
    is_outdated = serializers.BooleanField(
        help_text="A newer report of its series was there first."
    )
    total = serializers.IntegerField(allow_null=True)
    new = serializers.IntegerField(allow_null=True)
    unchanged = serializers.IntegerField(allow_null=True)
    fixed = serializers.IntegerField(allow_null=True)
    reopened = serializers.IntegerField(allow_null=True)
    back = serializers.IntegerField(
        allow_null=True, help_text="All that came back, also what a person had decided."
    )
    gone = serializers.IntegerField(allow_null=True, help_text="All that is gone, likewise.")
    severity_changed = serializers.IntegerField(allow_null=True)
    outcomes = serializers.DictField(child=serializers.IntegerField())
    warnings = serializers.ListField(child=serializers.CharField())
    error = serializers.SerializerMethodField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    raw_removed_at = serializers.DateTimeField(
        allow_null=True, help_text="When the retention rule took the raw copy; null: it is kept."
    )
    raw_is_archived = serializers.BooleanField(
        help_text="It went into the operator's archive instead of being deleted."
    )
    links = serializers.SerializerMethodField()

    def get_stage(self, report: Report) -> str:
        return report.series.stage if report.series else report.stage

    def get_tool(self, report: Report) -> str:
        return report.series.tool if report.series else report.tool

    def get_format(self, report: Report) -> str:
        return report.detected_format or report.format

    @extend_schema_field(FailureOut(allow_null=True))
    def get_error(self, report: Report) -> dict[str, str] | None:
        if not report.error_reason:
            return None
        return {
            "reason": report.error_reason,
            "message": report.error_message,
            "location": report.error_location,
        }

    @extend_schema_field(LinksOut)
    def get_links(self, report: Report) -> dict[str, str]:
        own = settings.BASE_URL + report_url(report)
        return {
            "self": own,
            "new": f"{own}/findings?change=new",
            "gone": f"{own}/findings?change=gone",
            "page": settings.BASE_URL + reverse("report-detail", args=[report.uid]),
        }


class ProgressOut(serializers.Serializer[Any]):
    """How far its worker has come, told once a second."""

    phase = serializers.ChoiceField(choices=[each.value for each in Phase])
    ahead = serializers.IntegerField(
        allow_null=True, help_text="Reports that are read before it, while it waits."
    )
    read = serializers.IntegerField(help_text="bytes of `size`; 0 where a format is read in one go")
    results = serializers.IntegerField(help_text="that were read")
    seconds = serializers.IntegerField(help_text="since it was received, or its attempt began")


class OneReportOut(ReportOut):
    progress = serializers.SerializerMethodField()

    @extend_schema_field(ProgressOut)
    def get_progress(self, report: Report) -> dict[str, Any]:
        return dict(ProgressOut(progress_of(report)).data)


def report_url(report: Report) -> str:
    return f"/api/v1/reports/{report.uid}"


class ChangeQuery(Input):
    change = serializers.ChoiceField(
        choices=[each.value for each in ReportChange],
        default=ReportChange.NEW.value,
        help_text="back: was gone and is there again; severity: is rated otherwise than before; unchanged: was "
        "there before and stayed.",
    )


class FindingQuery(Input):
    system = serializers.CharField(max_length=60, required=False, help_text="A system's key.")
    stage = serializers.ChoiceField(choices=Stage.choices, required=False)
    state = serializers.ChoiceField(choices=[*FindingState.values, "any"], default="open")
    severity = serializers.ChoiceField(
        choices=list(SEVERITIES), required=False, help_text="At least this one."
    )
    cwe = serializers.IntegerField(min_value=1, max_value=HIGHEST_CWE, required=False)
    q = serializers.CharField(
        max_length=200,
        required=False,
        help_text="In the rule, the title or the place; or a vulnerability's id. What has no three letters"
        " or digits in a row begins a word there.",
    )
    series = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)
    previews = serializers.BooleanField(
        default=False, help_text="true: also of branches that do not count."
    )
    kev = serializers.BooleanField(
        default=False, help_text="true: only what CISA knows to be exploited."
    )
    epss = serializers.FloatField(
        min_value=0,
        max_value=1,
        required=False,
        help_text="At least this probability of exploitation within 30 days.",
    )
    overdue = serializers.BooleanField(
        default=False, help_text="true: only what is open longer than the organisation wants."
    )
    at_stake = serializers.BooleanField(
        default=False,
        help_text="true: only evidence of published risks, those first whose risk is expected to cost most.",
    )
    since = serializers.DateTimeField(
        required=False,
        input_formats=["iso-8601", "%Y-%m-%d"],
        help_text="First seen at this moment or later; a day begins at midnight UTC.",
    )
    rule = serializers.CharField(
        max_length=200, required=False, help_text="The tool's rule; * stands for anything."
    )
    path = serializers.CharField(max_length=500, required=False, help_text="What it begins with.")
    component = serializers.CharField(
        max_length=300, required=False, help_text="A package URL without its version."
    )
    tool = serializers.CharField(max_length=120, required=False)
    team = serializers.CharField(
        max_length=60, required=False, help_text="The owner's key; `!`: what nobody owns."
    )
    tag = serializers.CharField(max_length=40, required=False)


class SeverityField(serializers.ChoiceField):
    """A severity's name; stored as a number so that it can be compared."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=list(SEVERITIES), **kwargs)

    def to_representation(self, value: Any) -> str:
        return SEVERITY_NAMES[Severity(value)]


class FindingOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    system = SystemRefOut()
    series = SeriesRefOut()
    stage = serializers.CharField()
    is_preview = serializers.BooleanField()
    state = serializers.CharField()
    severity = SeverityField()
    kind = serializers.CharField()
    rule_id = serializers.CharField()
    title = serializers.CharField()
    path = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    place = serializers.CharField()
    purl = serializers.CharField()
    cwes = serializers.ListField(child=serializers.IntegerField())
    vulnerabilities = serializers.ListField(child=serializers.CharField())
    first_seen_at = serializers.DateTimeField()
    fixed_at = serializers.DateTimeField(allow_null=True)
    reopened_count = serializers.IntegerField()


class FindingRatedOut(FindingOut):
    """With what the world says of its vulnerabilities, who owns it, and its tags."""

    epss = serializers.FloatField(
        allow_null=True,
        help_text="The highest probability of exploitation within 30 days, 0 to 1.",
    )
    kev = serializers.BooleanField(help_text="Whether CISA knows one to be exploited.")
    owner = serializers.CharField(
        source="owner_key", allow_null=True, help_text="The team's key; null: nobody."
    )
    tags = serializers.ListField(child=serializers.CharField(), source="tag_names")
    annual_loss = serializers.DecimalField(
        max_digits=18,
        decimal_places=2,
        allow_null=True,
        help_text="The highest expected loss a year of the published risks that it is evidence of; null: none has one.",
    )


class FindingDetailOut(serializers.Serializer[Any]):
    description = serializers.CharField()
    remediation = serializers.CharField()
    facts = serializers.DictField()
    raw = serializers.CharField(help_text="The tool's own record, secrets masked.")


class ReportRefOut(serializers.Serializer[Any]):
    uid = serializers.UUIDField()
    received_at = serializers.DateTimeField()
    commit = serializers.CharField()


class PresenceOut(serializers.Serializer[Any]):
    """An interval in which reports saw the finding."""

    since = ReportRefOut()
    until = ReportRefOut(allow_null=True, help_text="The first report that no longer saw it.")
    is_current = serializers.BooleanField()


class SeriesQuery(Input):
    system = serializers.CharField(max_length=60, required=False, help_text="A system's key.")
    stage = serializers.ChoiceField(choices=Stage.choices, required=False)


class OpenCountsOut(serializers.Serializer[Any]):
    info = serializers.IntegerField()
    low = serializers.IntegerField()
    medium = serializers.IntegerField()
    high = serializers.IntegerField()
    critical = serializers.IntegerField()


class SeriesOut(SeriesRefOut):
    system = SystemRefOut()
    open = serializers.SerializerMethodField(help_text="Open findings by severity.")
    newest_report = ReportRefOut(allow_null=True)

    @extend_schema_field(OpenCountsOut)
    def get_open(self, series: Series) -> dict[str, int]:
        return dict(zip(SEVERITIES, series.open_counts, strict=True))


class FormatOut(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    stages = serializers.ListField(child=serializers.CharField())
