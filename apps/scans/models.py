"""Reports, the series they belong to, findings and the intervals in which they were present."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.policy import ScopedQuerySet
from apps.accounts.roles import Permission
from apps.catalog.models import SystemOwned
from apps.catalog.stages import Stage
from apps.scans.models_counts import FindingCount
from apps.scans.models_exploits import (
    EpssScore,
    ExploitFeed,
    FeedKind,
    KevEntry,
    RemediationTarget,
)
from apps.scans.models_groups import WeaknessGroup
from apps.scans.models_lists import FindingColumns
from apps.scans.models_raw import RawCopies, RawLeftover
from apps.scans.models_retention import RawRetention
from apps.scans.models_rules import FindingOwner, FindingTag, OwnersMap, OwnerSource, TriageRule
from apps.scans.models_texts import FindingText
from apps.scans.models_verdicts import Justification, Verdict
from apps.scans.models_vex import VexDocument, VexStatement

__all__ = [  # those of the other modules, for whoever imports models from here
    "EpssScore",
    "ExploitFeed",
    "FeedKind",
    "FindingColumns",
    "FindingCount",
    "FindingOwner",
    "FindingTag",
    "FindingText",
    "Justification",
    "KevEntry",
    "OwnerSource",
    "OwnersMap",
    "RawCopies",
    "RawLeftover",
    "RawRetention",
    "RemediationTarget",
    "TriageRule",
    "Verdict",
    "VexDocument",
    "VexStatement",
    "WeaknessGroup",
]

PERSON = settings.AUTH_USER_MODEL
SEVERITIES = [(0, _("Info")), (1, _("Low")), (2, _("Medium")), (3, _("High")), (4, _("Critical"))]


def no_open_findings() -> list[int]:
    return [0] * len(SEVERITIES)


class Series(SystemOwned):
    """The reports of one tool on one target; the newest full one says what is open."""

    stage = models.CharField(max_length=10, choices=Stage.choices)
    tool = models.CharField(max_length=120)
    category = models.CharField(max_length=120, blank=True, default="")
    branch = models.CharField(max_length=200, blank=True, default="")
    environment = models.CharField(max_length=60, blank=True, default="")
    is_preview = models.BooleanField(default=False)  # another branch than the default: never counts
    newest_report = models.ForeignKey(
        "Report", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Open findings by severity, index 0 to 4; kept by ingestion and triage, read by every page.
    open_counts = ArrayField(models.PositiveIntegerField(), default=no_open_findings)
    # Whether the groups of several tools know what is open now; whoever counts says no, the sweeper yes.
    is_grouped = models.BooleanField(default=False, db_default=False)
    # Whether all that findings are searched by is kept (FindingText); whoever brings texts says no.
    has_texts = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name_plural = "series"
        ordering = ["system", "stage", "tool"]
        constraints = [
            models.UniqueConstraint(
                fields=["system", "stage", "tool", "category", "branch", "environment"],
                name="series_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["system"],
                condition=Q(is_grouped=False, is_preview=False),
                name="series_to_group",
            )
        ]

    def __str__(self) -> str:
        return " · ".join(filter(None, [self.tool, self.category, self.branch, self.environment]))


class ReportState(models.TextChoices):
    RECEIVED = "received", _("Received")
    PROCESSING = "processing", _("Processing")
    PROCESSED = "processed", _("Processed")
    FAILED = "failed", _("Failed")
    QUARANTINED = "quarantined", _("Quarantined")


class ReportQuerySet(ScopedQuerySet):
    view_permission = Permission.REPORT_VIEW


class Report(SystemOwned):
    """One raw, immutable upload or pull, and what became of it. Its row is the queue's truth."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(
        max_length=12, choices=ReportState.choices, default=ReportState.RECEIVED
    )
    # What the sender said. Empty: to be found out from the content.
    stage = models.CharField(max_length=10, choices=Stage.choices, blank=True, default="")
    tool = models.CharField(max_length=120, blank=True, default="")
    category = models.CharField(max_length=120, blank=True, default="")
    branch = models.CharField(max_length=200, blank=True, default="")
    environment = models.CharField(max_length=60, blank=True, default="")
    commit = models.CharField(max_length=64, blank=True, default="")
    is_full = models.BooleanField(default=True)  # a partial report closes nothing
    format = models.CharField(max_length=60, blank=True, default="")
    # The bytes.
    filename = models.CharField(max_length=200, blank=True, default="")
    storage_name = models.CharField(max_length=200)  # empty: the raw copy went
    raw_removed_at = models.DateTimeField(null=True)
    raw_is_archived = models.BooleanField(
        default=False, db_default=False
    )  # it went into the operator's archive
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)  # as they were sent
    raw_is_masked = models.BooleanField(default=False, db_default=False)
    # Where they came from.
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    received_by = models.CharField(max_length=200)
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001  # null: none given
    # The lease: who retries when. The sweeper sends at next_send_at; no attempt starts before not_before.
    attempts = models.PositiveIntegerField(default=0)
    next_send_at = models.DateTimeField(db_default=Now())
    not_before = models.DateTimeField(db_default=Now())
    # What became of it.
    series = models.ForeignKey(Series, null=True, on_delete=models.SET_NULL, related_name="reports")
    detected_format = models.CharField(max_length=60, blank=True, default="")
    tool_version = models.CharField(max_length=120, blank=True, default="")
    scanned_at = models.DateTimeField(null=True)
    scan_status = models.CharField(max_length=10, blank=True, default="")
    is_outdated = models.BooleanField(default=False)  # a newer one of its series was there first
    total = models.PositiveIntegerField(null=True)
    new = models.PositiveIntegerField(null=True)
    unchanged = models.PositiveIntegerField(null=True)
    fixed = models.PositiveIntegerField(null=True)
    reopened = models.PositiveIntegerField(null=True)
    # All that came back and all that is gone, also what a person had decided; null: processed before they
    # were counted.
    back = models.PositiveIntegerField(null=True)
    gone = models.PositiveIntegerField(null=True)
    severity_changed = models.PositiveIntegerField(null=True)
    outcomes = models.JSONField(default=dict)  # {"passed": 12}: evidence beside the findings
    warnings = models.JSONField(default=list)
    error_reason = models.CharField(max_length=40, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    error_location = models.CharField(max_length=300, blank=True, default="")
    # Where in the file that is: offset, line, column (excerpts.Place). Null: nowhere, or failed before it was kept.
    error_place = ArrayField(models.BigIntegerField(), size=3, null=True, editable=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = ReportQuerySet.as_manager()  # type: ignore[misc]  # Django replaces managers so

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["system", "idempotency_key"], name="report_idempotency_key_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(error_reason=""),
                name="report_failure_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_send_at"],
                condition=Q(state__in=["received", "processing"]),
                name="report_due",
            ),
            models.Index(fields=["system", "-id"], name="report_of_system"),
            models.Index(fields=["series", "-id"], name="report_of_series"),
            models.Index(
                fields=["finished_at"],
                condition=~Q(storage_name="") & Q(finished_at__isnull=False),
                name="report_raw_kept",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.filename or self.tool or 'report'} of {self.received_at:%Y-%m-%d %H:%M}"

    @property
    def called(self) -> str:
        """What pages call it: its series, else what its sender said of it."""
        return str(self.series or self.tool or self.filename or _("Report"))


class FindingState(models.TextChoices):
    OPEN = "open", _("Open")
    FIXED = "fixed", _("Fixed")
    FALSE_POSITIVE = "false_positive", _("False positive")
    ACCEPTED = "accepted", _("Accepted")
    NOT_AFFECTED = "not_affected", _("Not affected")


class Finding(models.Model):
    """One weakness, tracked across the reports of a series by its fingerprint.

    Narrow, since lists read it; what one finding's page shows besides lies in FindingDetail.
    """

    id = models.BigAutoField(primary_key=True)
    # A copy of the series' system, so that one index serves "open findings of a system". The series'
    # constraint guards it: a second one would cost ingestion a look-up for each row.
    system = models.ForeignKey(
        "catalog.System",
        on_delete=models.CASCADE,
        related_name="findings",
        db_index=False,
        db_constraint=False,
    )
    series = models.ForeignKey(
        Series, on_delete=models.CASCADE, related_name="findings", db_index=False
    )
    stage = models.CharField(max_length=10, choices=Stage.choices)
    is_preview = models.BooleanField(default=False)
    fingerprint = models.BinaryField(max_length=32)
    content_hash = models.BinaryField(max_length=16)
    state = models.CharField(max_length=14, choices=FindingState.choices, default=FindingState.OPEN)
    is_present = models.BooleanField(default=True)  # the newest report of the series saw it
    severity = models.PositiveSmallIntegerField(choices=SEVERITIES)
    kind = models.CharField(max_length=10)
    rule_id = models.CharField(max_length=300)
    title = models.CharField(max_length=300)
    path = models.CharField(max_length=1000, blank=True, default="")
    line = models.PositiveIntegerField(null=True)
    place = models.CharField(max_length=500, blank=True, default="")  # where, in words, for lists
    purl = models.CharField(max_length=500, blank=True, default="")
    cwes = ArrayField(models.PositiveIntegerField(), default=list)
    vulnerabilities = ArrayField(models.CharField(max_length=100), default=list)
    first_seen_at = models.DateTimeField()
    fixed_at = models.DateTimeField(null=True)
    reopened_count = models.PositiveIntegerField(default=0)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "fingerprint"], name="finding_once_a_series")
        ]
        indexes = [
            models.Index(
                fields=["system", "-severity", "-id"],
                condition=Q(state="open", is_preview=False),
                name="finding_open_of_system",
            ),
            models.Index(
                fields=["-severity", "-id"],
                condition=Q(state="open", is_preview=False),
                name="finding_open",
            ),
            # What counting a series reads (services.counts), and the few rows of a rare tool or state.
            models.Index(fields=["series", "state", "severity"], name="finding_counted"),
            # For lists of another state than open: the few, which a list of every state would have to pass.
            models.Index(
                fields=["state", "-severity", "-id"],
                condition=~Q(state="open") & Q(is_preview=False),
                name="finding_settled",
            ),
            # What is new; the state and the system are in it, so that what is new is counted from it alone.
            models.Index(
                fields=["first_seen_at"],
                include=["system", "state"],
                condition=Q(is_preview=False),
                name="finding_first_seen",
            ),
            # For lists of every state, and for what evidence rules and readers look for.
            models.Index(
                fields=["-severity", "-id"],
                condition=Q(is_preview=False),
                name="finding_any_state",
            ),
            # What else is at a line, for a finding's page. Not of the path: it may be longer than an entry.
            models.Index(
                fields=["system", "line"],
                condition=Q(vulnerabilities=[]),
                name="finding_at_line",
            ),
            GinIndex(fields=["cwes"], name="finding_cwes"),
            GinIndex(fields=["vulnerabilities"], name="finding_vulnerabilities"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def access_system_id(self) -> int:
        return self.system_id


class FindingDetail(models.Model):
    """What only one finding's page shows."""

    finding = models.OneToOneField(
        Finding, primary_key=True, on_delete=models.CASCADE, related_name="detail"
    )
    description = models.TextField(blank=True, default="")
    remediation = models.TextField(blank=True, default="")
    facts = models.JSONField(
        default=dict
    )  # rule name, CVSS, references, tags, snippet, location parts
    raw = models.TextField(blank=True, default="")  # the tool's own record, secrets masked

    def __str__(self) -> str:
        return f"detail of finding {self.finding_id}"


class Presence(models.Model):
    """An interval in which reports of the series saw a finding: from one report until another one."""

    id = models.BigAutoField(primary_key=True)
    finding = models.ForeignKey(
        Finding, on_delete=models.CASCADE, related_name="presences", db_index=False
    )
    # Guarded by the finding's constraint; see Finding.system.
    series = models.ForeignKey(
        Series, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    since = models.ForeignKey(
        Report, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    until = models.ForeignKey(
        Report,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    is_current = models.BooleanField(default=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["finding"], condition=Q(is_current=True), name="presence_one_current"
            )
        ]
        indexes = [
            models.Index(fields=["finding", "id"], name="presence_of_finding"),
            models.Index(
                fields=["series", "finding"], condition=Q(is_current=True), name="presence_current"
            ),
            models.Index(fields=["since"], name="presence_since"),
            models.Index(fields=["until"], condition=Q(until__isnull=False), name="presence_until"),
        ]

    def __str__(self) -> str:
        return f"finding {self.finding_id} since report {self.since_id}"


class SeverityChange(models.Model):
    """That a report rates a finding, which was there and stayed, otherwise than before."""

    id = models.BigAutoField(primary_key=True)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="severity_changes")
    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="severity_changes")
    before = models.PositiveSmallIntegerField(choices=SEVERITIES)
    after = models.PositiveSmallIntegerField(choices=SEVERITIES)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"finding {self.finding_id}: {self.before} to {self.after}"


class TriageState(models.TextChoices):
    RUNNING = "running", _("Under way")
    DONE = "done", _("Done")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")


class TriageAbout(models.TextChoices):
    """What an act of triage says: what findings are, or whose."""

    STATE = "state", _("State")
    OWNER = "owner", _("Owner")
    NO_OWNER = "no_owner", _("No owner by hand")  # the rules and the list of owners say it again


class Triage(models.Model):
    """One act of triage, on one finding or on many. Its row is the queue's truth, as a report's is.

    Work goes by series and number of the finding; `cursor_*` is how far it came, written in the
    transaction of the step, so that a worker that dies leaves nothing half done.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(max_length=8, choices=TriageState.choices, default=TriageState.RUNNING)
    # Taken back because its rule or document was switched off, so that these may say it again.
    is_withdrawn = models.BooleanField(default=False, db_default=False, editable=False)
    about = models.CharField(
        max_length=8,
        choices=TriageAbout.choices,
        default=TriageAbout.STATE,
        db_default=TriageAbout.STATE,
    )
    verdict = models.CharField(max_length=14, choices=Verdict.choices, blank=True)  # of a state
    team = models.ForeignKey(  # of an owner; None also where the team is gone
        "accounts.Team", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    justification = models.CharField(
        max_length=60, choices=Justification.choices, blank=True, default=""
    )
    reason = models.CharField(max_length=500, blank=True, default="")
    # Which findings: the numbers, or else the filter; none that came after it was asked for.
    findings = ArrayField(models.BigIntegerField(), null=True)
    filter = models.JSONField(default=dict)
    through_id = models.BigIntegerField()
    total = models.PositiveIntegerField()  # how many it was about when it was asked for
    changed = models.PositiveIntegerField(default=0)
    restored = models.PositiveIntegerField(default=0)  # by undoing; others had been changed since
    cursor_series = models.BigIntegerField(default=0)
    cursor_finding = models.BigIntegerField(default=0)
    # The VEX document that says so, where it is not a person's own word.
    document = models.ForeignKey(
        VexDocument, null=True, on_delete=models.SET_NULL, related_name="triages"
    )
    rule = models.ForeignKey(
        TriageRule, null=True, on_delete=models.SET_NULL, related_name="triages"
    )
    user = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_label = models.CharField(max_length=200)
    undone_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True)
    next_send_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["next_send_at"],
                condition=Q(state__in=["running", "undoing"]),
                name="triage_due",
            )
        ]

    def __str__(self) -> str:
        # The trail keeps it, so it is in nobody's language.
        said = (self.verdict or self.about).replace("_", " ")
        return f"{said}: {self.total} finding{'' if self.total == 1 else 's'}"

    @property
    def is_of_owner(self) -> bool:
        return self.about != TriageAbout.STATE

    @property
    def is_finished(self) -> bool:
        return self.state in {TriageState.DONE, TriageState.UNDONE}


class TriageChange(models.Model):
    """What an act of triage did to one finding."""

    id = models.BigAutoField(primary_key=True)
    triage = models.ForeignKey(
        Triage, on_delete=models.CASCADE, related_name="changes", db_index=False
    )
    finding = models.ForeignKey(
        Finding, on_delete=models.CASCADE, related_name="verdicts", db_index=False
    )
    before = models.CharField(max_length=14, choices=FindingState.choices)
    after = models.CharField(max_length=14, choices=FindingState.choices)
    is_undone = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["triage", "finding"], name="triage_change_once")
        ]
        indexes = [models.Index(fields=["finding", "-id"], name="triage_change_of_finding")]

    def __str__(self) -> str:
        return f"finding {self.finding_id}: {self.before} to {self.after}"


class OwnerChange(models.Model):
    """What an act of triage did to the owner of one finding."""

    id = models.BigAutoField(primary_key=True)
    triage = models.ForeignKey(
        Triage, on_delete=models.CASCADE, related_name="owner_changes", db_index=False
    )
    finding = models.ForeignKey(
        Finding, on_delete=models.CASCADE, related_name="owner_changes", db_index=False
    )
    # Teams go seldom; an index of each would cost every one of a hundred thousand rows.
    before = models.ForeignKey(
        "accounts.Team", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    was_by_hand = models.BooleanField()
    after = models.ForeignKey(
        "accounts.Team", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    is_undone = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["triage", "finding"], name="owner_change_once")
        ]
        indexes = [models.Index(fields=["finding", "-id"], name="owner_change_of_finding")]

    def __str__(self) -> str:
        return f"finding {self.finding_id}: team {self.before_id} to {self.after_id}"
