from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.catalog.stages import Stage
from apps.common.api.inputs import Input
from apps.common.api.outputs import PersonOut, frequency, money

LONG = 100_000
HIGHEST_CWE = 99_999


STAGES = {"type": "string", "pattern": f"^({'|'.join(Stage.values)})$"}


@extend_schema_field({"type": "array", "items": STAGES, "maxItems": 8})
class StagesField(serializers.ListField):
    """Some of the eight stages."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            child=serializers.ChoiceField(choices=Stage.choices), max_length=8, **kwargs
        )


class GuidanceQuery(Input):
    q = serializers.CharField(
        max_length=200, required=False, help_text="Words; typing errors in titles are forgiven."
    )
    stage = serializers.ChoiceField(choices=Stage.choices, required=False)
    technology = serializers.CharField(max_length=40, required=False)
    cwe = serializers.IntegerField(min_value=1, max_value=HIGHEST_CWE, required=False)


class ControlIn(Input):
    title = serializers.CharField(max_length=200)
    effect = serializers.CharField(max_length=500, allow_blank=True, default="")


class GuidanceIn(Input):
    """The fields that may be edited."""

    title = serializers.CharField(max_length=200)
    summary = serializers.CharField(max_length=500, allow_blank=True, required=False)
    body = serializers.CharField(
        max_length=LONG, allow_blank=True, required=False, help_text="Markdown."
    )
    stages = StagesField(required=False)
    technologies = serializers.ListField(
        child=serializers.CharField(max_length=40), max_length=50, required=False
    )
    cwes = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=HIGHEST_CWE),
        max_length=50,
        required=False,
    )
    references = serializers.ListField(
        child=serializers.CharField(max_length=300), max_length=50, required=False
    )
    condition = serializers.CharField(
        max_length=5000, allow_blank=True, required=False, help_text='"If you ..."'
    )
    consequence = serializers.CharField(
        max_length=5000, allow_blank=True, required=False, help_text='"then ..."'
    )
    controls = ControlIn(many=True, required=False, help_text="Recommended controls.")
    frequency_low = frequency(allow_null=True, required=False)
    frequency_high = frequency(allow_null=True, required=False)
    magnitude_low = money(allow_null=True, required=False)
    magnitude_high = money(allow_null=True, required=False)
    rationale = serializers.CharField(max_length=LONG, allow_blank=True, required=False)


class ControlOut(serializers.Serializer[Any]):
    title = serializers.CharField()
    effect = serializers.CharField(default="")


class GuidanceTextOut(serializers.Serializer[Any]):
    title = serializers.CharField()
    summary = serializers.CharField()
    body = serializers.CharField()
    stages = serializers.ListField(child=serializers.CharField())
    technologies = serializers.ListField(child=serializers.CharField())
    cwes = serializers.ListField(child=serializers.IntegerField())
    references = serializers.ListField(child=serializers.CharField())
    condition = serializers.CharField()
    consequence = serializers.CharField()
    controls = ControlOut(many=True)
    frequency_low = frequency(allow_null=True)
    frequency_high = frequency(allow_null=True)
    magnitude_low = money(allow_null=True)
    magnitude_high = money(allow_null=True)
    rationale = serializers.CharField()


class VersionOut(serializers.Serializer[Any]):
    """What was published; never changed again."""

    number = serializers.IntegerField()
    note = serializers.CharField()
    published_by = PersonOut(allow_null=True)
    published_at = serializers.DateTimeField()
    text = GuidanceTextOut(source="*")


class GuidanceRowOut(serializers.Serializer[Any]):
    """Guidance as lists show it: what readers see, which is the newest version."""

    key = serializers.CharField(source="guidance.key")
    state = serializers.CharField(source="guidance.state")
    title = serializers.CharField(source="text.title")
    summary = serializers.CharField(source="text.summary")
    stages = serializers.ListField(child=serializers.CharField(), source="text.stages")
    technologies = serializers.ListField(child=serializers.CharField(), source="text.technologies")
    cwes = serializers.ListField(child=serializers.IntegerField(), source="text.cwes")
    updated_at = serializers.DateTimeField(source="guidance.updated_at")


class UsefulnessOut(serializers.Serializer[Any]):
    """How many readers said what: of the newest version, and of earlier ones."""

    useful = serializers.IntegerField()
    not_useful = serializers.IntegerField()
    useful_before = serializers.IntegerField()
    not_useful_before = serializers.IntegerField()


class GuidanceVoteIn(Input):
    useful = serializers.BooleanField()
    missing = serializers.CharField(
        max_length=1000,
        allow_blank=True,
        required=False,
        help_text="What was missing, in words. Left out, the words said before stay.",
    )


class GuidanceVoteOut(serializers.Serializer[Any]):
    """What one person said of a piece, and of which version."""

    useful = serializers.BooleanField(source="is_useful")
    missing = serializers.CharField()
    number = serializers.IntegerField(source="text.number", help_text="The version that was read.")
    given_by = PersonOut(source="user", allow_null=True)
    given_at = serializers.DateTimeField()


class GuidanceOut(serializers.Serializer[Any]):
    key = serializers.CharField(source="guidance.key")
    state = serializers.CharField(source="guidance.state")
    published_number = serializers.IntegerField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)
    text = GuidanceTextOut(help_text="What readers see: the newest version; of a draft, the draft.")
    working_text = GuidanceTextOut(
        allow_null=True,
        help_text="What an edit changes; for those who write guidance, null for others.",
    )
    usefulness = UsefulnessOut(
        allow_null=True, help_text="For those who write guidance, null for others."
    )
    created_by = PersonOut(source="guidance.created_by", allow_null=True)
    created_at = serializers.DateTimeField(source="guidance.created_at")
    updated_at = serializers.DateTimeField(source="guidance.updated_at")
    version = serializers.IntegerField()


class PublishIn(Input):
    note = serializers.CharField(
        max_length=300, allow_blank=True, default="", help_text="What changed."
    )
