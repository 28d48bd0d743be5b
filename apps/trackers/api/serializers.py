from typing import Any

from rest_framework import serializers

from apps.common.api.inputs import Input
from apps.common.api.outputs import PersonOut, SystemRefOut
from apps.trackers.models import Tracker, TrackerKind
from apps.trackers.selectors import hook_address
from apps.trackers.services.tickets import MOST_FINDINGS


class TrackerIn(Input):
    name = serializers.CharField(max_length=120)
    kind = serializers.CharField(
        max_length=20, help_text=f"One of {', '.join(TrackerKind.values)}."
    )
    url = serializers.CharField(max_length=500, help_text="https://api.github.com, or the server.")
    project = serializers.CharField(
        max_length=200, help_text="owner/repository, group/project, or Jira's key."
    )
    token = serializers.CharField(
        max_length=1000, default="", allow_blank=True, help_text="Kept sealed, never shown."
    )
    username = serializers.CharField(
        max_length=200, default="", allow_blank=True, help_text="Jira Cloud: the mail address."
    )
    labels = serializers.ListField(
        child=serializers.CharField(max_length=50), max_length=10, default=list
    )
    issue_type = serializers.CharField(
        max_length=60, default="", allow_blank=True, help_text="Jira only; Bug if empty."
    )
    closes_fixed = serializers.BooleanField(
        default=False, help_text="Close a ticket there once its finding is fixed here."
    )
    system = serializers.CharField(
        max_length=60, allow_null=True, default=None, help_text="Only for this one; null: for all."
    )


class TrackerPauseIn(Input):
    paused = serializers.BooleanField()


class TrackerOut(serializers.Serializer[Any]):
    """A project of an issue tracker. Its token is never shown."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.CharField()
    url = serializers.CharField()
    project = serializers.CharField()
    username = serializers.CharField()
    labels = serializers.ListField(child=serializers.CharField())
    issue_type = serializers.CharField()
    closes_fixed = serializers.BooleanField()
    system = SystemRefOut(allow_null=True)
    health = serializers.CharField(help_text="new, good, failing or paused.")
    last_success_at = serializers.DateTimeField(allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True)
    next_attempt_at = serializers.DateTimeField()
    last_error = serializers.CharField()
    hook_address = serializers.SerializerMethodField(
        help_text="Where its webhook tells of changes."
    )
    hook_set = serializers.SerializerMethodField(help_text="Whether its messages are taken.")
    hook_at = serializers.DateTimeField(
        allow_null=True, help_text="When a message last brought a look forward."
    )
    made_by = PersonOut(allow_null=True)
    created_at = serializers.DateTimeField()
    version = serializers.IntegerField()

    def get_hook_address(self, tracker: Tracker) -> str:
        return hook_address(tracker)

    def get_hook_set(self, tracker: Tracker) -> bool:
        return tracker.hook_sealed is not None


class TrackerHookOut(serializers.Serializer[Any]):
    """What a webhook there is set up with."""

    address = serializers.CharField()
    secret = serializers.CharField(help_text="Shown this once; one from before opens nothing more.")


class TrackerTestOut(serializers.Serializer[Any]):
    works = serializers.BooleanField()
    message = serializers.CharField(help_text="What was seen, or what is wrong, in a sentence.")


class TicketIn(Input):
    tracker = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    finding = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, allow_null=True, default=None
    )
    statement = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, allow_null=True, default=None, help_text="7 for RS-7."
    )
    findings = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=MOST_FINDINGS,
        required=False,
        help_text="One ticket for several findings of a system; those with a ticket there are left out.",
    )
    whole_weakness = serializers.BooleanField(
        default=False,
        help_text=(
            "With `finding`: one ticket for what all tools see of the same weakness; where one of them has "
            "a ticket there, the others join it."
        ),
    )
    link_only = serializers.BooleanField(
        default=False, help_text="Send a reference and the portal's address, and nothing else."
    )


class TicketTrackerOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class TicketOut(serializers.Serializer[Any]):
    """An issue for a finding, for several, or for a risk statement."""

    uid = serializers.UUIDField()
    tracker = TicketTrackerOut()
    system = SystemRefOut()
    finding = serializers.IntegerField(source="finding_id", allow_null=True)
    findings = serializers.ListField(
        child=serializers.IntegerField(), source="finding_ids", help_text="All that it is for."
    )
    statement = serializers.IntegerField(source="statement_id", allow_null=True)
    state = serializers.CharField(help_text="queued, open, closed, failed or gone.")
    key = serializers.CharField(help_text="The tracker's own; empty until it is filed.")
    url = serializers.CharField()
    title = serializers.CharField()
    body = serializers.CharField(help_text="What leaves, and a line with the marker.")
    marker = serializers.CharField()
    attempts = serializers.IntegerField()
    error = serializers.CharField()
    made_by = PersonOut(allow_null=True)
    created_at = serializers.DateTimeField()
    filed_at = serializers.DateTimeField(allow_null=True)
    changed_at = serializers.DateTimeField(allow_null=True)
