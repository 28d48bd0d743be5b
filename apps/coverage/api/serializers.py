from typing import Any

from rest_framework import serializers

from apps.catalog.stages import Stage
from apps.common.api.inputs import Input, KeyField
from apps.common.api.outputs import PersonOut, SystemRefOut
from apps.coverage.kinds import EvidenceKind
from apps.coverage.picture import StageCoverage
from apps.coverage.selectors import ProfileView
from apps.coverage.words import gap_sentences

KINDS = ", ".join(EvidenceKind.values)


class StageCellOut(serializers.Serializer[Any]):
    """One stage of one system."""

    stage = serializers.CharField()
    state = serializers.CharField(
        help_text="covered, partly, late, blind; extra or none where nothing is expected."
    )
    expected = serializers.SerializerMethodField()
    met = serializers.IntegerField()
    newest_at = serializers.DateTimeField(allow_null=True)

    def get_expected(self, cell: StageCoverage) -> int:
        return len(cell.expected)


class CoverageRowOut(serializers.Serializer[Any]):
    """How many of the expected kinds of evidence a system has fresh, and where."""

    system = SystemRefOut()
    criticality = serializers.CharField(source="system.get_criticality_display")
    expected = serializers.IntegerField()
    met = serializers.IntegerField()
    stages = StageCellOut(many=True)


class SeriesSeenOut(serializers.Serializer[Any]):
    """A series of reports, and how the age of its newest one compares with what is expected."""

    tool = serializers.CharField(source="series.tool")
    category = serializers.CharField(source="series.category")
    environment = serializers.CharField(source="series.environment")
    kind = serializers.CharField(help_text="What it counts as.")
    newest_at = serializers.DateTimeField()
    freshness = serializers.CharField(help_text="fresh, ageing or stale.")


class WantedOut(serializers.Serializer[Any]):
    """A kind of evidence that is expected, and what of it arrived."""

    kind = serializers.CharField(source="line.kind")
    max_age_days = serializers.IntegerField(source="line.max_age_days")
    guidance = serializers.CharField(source="line.guidance.key", default=None, allow_null=True)
    reason = serializers.CharField(
        help_text="A person's, where the system differs from its profile."
    )
    freshness = serializers.CharField(help_text="fresh, ageing, stale or none.")
    newest_at = serializers.DateTimeField(allow_null=True)
    evidence = SeriesSeenOut(source="arrived", many=True)


class WaivedOut(serializers.Serializer[Any]):
    kind = serializers.CharField()
    reason = serializers.CharField()


class StageCoverageOut(StageCellOut):
    wanted = WantedOut(source="expected", many=True)
    extra = SeriesSeenOut(many=True)
    not_expected = WaivedOut(source="waived", many=True)
    gaps = serializers.SerializerMethodField(help_text="What is missing, in sentences.")

    def get_gaps(self, cell: StageCoverage) -> list[str]:
        return [gap.text for gap in gap_sentences(cell)]


class SystemCoverageOut(CoverageRowOut):
    stages = StageCoverageOut(many=True)


class LineOut(serializers.Serializer[Any]):
    stage = serializers.CharField()
    kind = serializers.CharField()
    max_age_days = serializers.IntegerField()
    guidance = serializers.CharField(source="guidance.key", default=None, allow_null=True)


class ProfileOut(serializers.Serializer[Any]):
    """What is expected of systems of one criticality. version 0: the portal's own list."""

    criticality = serializers.SerializerMethodField()
    is_own = serializers.BooleanField(help_text="The organisation has said it itself.")
    version = serializers.IntegerField()
    expectations = LineOut(source="lines", many=True)

    def get_criticality(self, profile: ProfileView) -> str:
        return profile.criticality.name.lower()


class LineIn(Input):
    stage = serializers.ChoiceField(choices=Stage.choices)
    kind = serializers.CharField(max_length=20, help_text=f"One of: {KINDS}.")
    max_age_days = serializers.IntegerField(min_value=1, max_value=3650)
    guidance = KeyField("G", required=False, allow_null=True, help_text="A guidance's key.")


class ProfileIn(Input):
    expectations = LineIn(many=True, help_text="All of them; none at all expects nothing.")


class ExceptionIn(Input):
    stage = serializers.ChoiceField(choices=Stage.choices)
    kind = serializers.CharField(max_length=20, help_text=f"One of: {KINDS}.")
    max_age_days = serializers.IntegerField(
        min_value=1, max_value=3650, allow_null=True, help_text="null: not expected of this system."
    )
    reason = serializers.CharField(max_length=500)


class ExceptionOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    stage = serializers.CharField()
    kind = serializers.CharField()
    max_age_days = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()
    set_by = PersonOut(allow_null=True)
    set_at = serializers.DateTimeField()


class ToolKindIn(Input):
    tool = serializers.CharField(max_length=120)
    kind = serializers.CharField(max_length=20, help_text=f"One of: {KINDS}.")


class ToolKindOut(serializers.Serializer[Any]):
    """What a tool's reports count as, by the organisation's word."""

    tool = serializers.CharField()
    kind = serializers.CharField()


class SilenceQuery(Input):
    system = serializers.CharField(max_length=60, required=False, help_text="A system's key.")


class SilenceOut(serializers.Serializer[Any]):
    """A series whose next report is overdue by its own rhythm."""

    id = serializers.IntegerField()
    system = SystemRefOut(source="series.system")
    stage = serializers.CharField(source="series.stage")
    tool = serializers.CharField(source="series.tool")
    category = serializers.CharField(source="series.category")
    environment = serializers.CharField(source="series.environment")
    since = serializers.DateTimeField(help_text="When its last report was received.")
    usual_seconds = serializers.SerializerMethodField(
        help_text="Between two reports; null where too few are known."
    )
    answer = serializers.CharField(help_text="ended, or empty.")
    ended_at = serializers.DateTimeField(allow_null=True)

    def get_usual_seconds(self, row: Any) -> int | None:
        return None if row.rhythm is None else round(row.rhythm.total_seconds())


class SilenceAnswerIn(Input):
    answer = serializers.CharField(
        max_length=10,
        allow_blank=True,
        help_text="ended: it is not run any more. Empty: taken back.",
    )
