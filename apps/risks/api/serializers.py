from typing import Any

from rest_framework import serializers

from apps.catalog.stages import Stage
from apps.common.api.inputs import Input, KeyField
from apps.common.api.outputs import PersonOut, SystemRefOut, frequency, money
from apps.planning.api.serializers import OptionRefOut
from apps.risks.models import (
    Attribute,
    StatementState,
    Treatment,
)

LONG = 50_000
HIGHEST_CWE = 99_999


class EstimateIn(Input):
    """Calibrated 90 % intervals (1 in 20 that it is lower, 1 in 20 that it is higher), or `estimate`."""

    frequency_low = frequency(required=False, help_text="Loss events a year.")
    frequency_high = frequency(required=False)
    magnitude_low = money(
        required=False, help_text="Loss of one event, in the organisation's currency."
    )
    magnitude_high = money(required=False)
    estimate = serializers.DictField(
        required=False,
        help_text=(
            "An estimate of another `kind`, in place of the ranges: `pert`, `level` or `fair`, or "
            "`ranges` with a `variance_ratio` where events come in clusters (docs/quant.md)."
        ),
    )


class ValuationIn(EstimateIn):
    seed = serializers.IntegerField(
        min_value=0,
        max_value=2**63 - 1,
        default=0,
        help_text="The same seed and ranges give the same digits.",
    )
    precision = serializers.FloatField(
        min_value=0.001,
        max_value=0.5,
        required=False,
        help_text="As many years as bring the standard error of the expected loss to this share of it: 0.01 is one "
        "per cent. 20 000 to 1 000 000 years, and about 20 million loss events at most. Without it 100 000 years.",
    )


class CurvePointOut(serializers.Serializer[Any]):
    loss = money()
    probability = serializers.FloatField(help_text="Of exceeding this loss in a year, 0 to 1.")


class ValuationOut(serializers.Serializer[Any]):
    """What simulation makes of an estimate, with all that it takes to repeat it to the digit."""

    engine = serializers.CharField()
    seed = serializers.IntegerField()
    trials = serializers.IntegerField()
    currency = serializers.CharField()
    expected_annual_loss = money()
    standard_error = money(help_text="Of the simulated expected annual loss.")
    probability_of_loss = serializers.FloatField(help_text="Of at least one loss event in a year.")
    percentiles = serializers.DictField(
        child=money(), help_text='Annual loss by percentile: "5" to "99".'
    )
    expected_shortfall = serializers.DictField(
        child=money(), help_text='Mean loss of the worst years: "95" of the worst twentieth.'
    )
    curve = CurvePointOut(many=True, help_text="Loss exceedance.")


class ValueOut(serializers.Serializer[Any]):
    """The short form of a valuation."""

    expected_annual_loss = money()
    standard_error = money()
    probability_of_loss = serializers.FloatField()
    percentiles = serializers.DictField(child=serializers.CharField())
    engine = serializers.CharField()
    seed = serializers.IntegerField()
    trials = serializers.IntegerField()


class ScaleIn(Input):
    """Six rising bounds each, for five levels that touch."""

    likelihood = serializers.ListField(
        child=frequency(), min_length=6, max_length=6, help_text="Loss events a year."
    )
    impact = serializers.ListField(
        child=money(), min_length=6, max_length=6, help_text="Loss of one event."
    )


class LevelOut(serializers.Serializer[Any]):
    low = serializers.DecimalField(max_digits=18, decimal_places=6)
    high = serializers.DecimalField(max_digits=18, decimal_places=6)


class ScaleOut(serializers.Serializer[Any]):
    """What the levels 1 to 5 of a matrix mean in this organisation."""

    likelihood = serializers.ListField(child=LevelOut(), help_text="Loss events a year.")
    impact = serializers.ListField(child=LevelOut(), help_text="Loss of one event.")


class DecisionChangeOut(serializers.Serializer[Any]):
    """What is different from what a decision was made on."""

    kind = serializers.CharField(help_text="moved, revised, withdrawn, superseded or new.")
    material = serializers.BooleanField(source="is_material")
    statement = serializers.CharField(source="statement.key")
    then = money(allow_null=True, help_text="Expected annual loss when it was decided.")
    now = money(allow_null=True)


class ConfirmIn(Input):
    reason = serializers.CharField(
        max_length=LONG, allow_blank=True, default="", help_text="Empty: the reason of before."
    )


class SwingOut(serializers.Serializer[Any]):
    """What the expected annual loss is with one assumption at its 5th or 95th percentile."""

    path = serializers.CharField(help_text="The part of the estimate.")
    name = serializers.CharField()
    low_value = serializers.FloatField(help_text="5th percentile, in the assumption's unit.")
    high_value = serializers.FloatField()
    at_low = money()
    at_high = money()
    share = serializers.FloatField(help_text="Of what makes the expected loss unsure, 0 to 1.")


class StatementQuery(Input):
    system = serializers.CharField(max_length=60, required=False, help_text="A system's key.")
    item = KeyField("PI", required=False, help_text="A planning item's key, e.g. PI-7.")
    state = serializers.ChoiceField(choices=StatementState.choices, required=False)
    stage = serializers.ChoiceField(
        choices=Stage.choices, required=False, help_text="The stage of the statement's item."
    )


class StatementIn(EstimateIn):
    """The fields that may be edited."""

    condition = serializers.CharField(max_length=5000, help_text='"If you ..."')
    consequence = serializers.CharField(max_length=5000, help_text='"then ..."')
    attributes = serializers.ListField(
        child=serializers.ChoiceField(choices=Attribute.choices), max_length=4, required=False
    )
    threat_community = serializers.CharField(max_length=200, allow_blank=True, required=False)
    asset = serializers.CharField(max_length=200, allow_blank=True, required=False)
    effect = serializers.CharField(max_length=300, allow_blank=True, required=False)
    rationale = serializers.CharField(
        max_length=LONG, allow_blank=True, required=False, help_text="Markdown: why these numbers."
    )
    cwes = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=HIGHEST_CWE),
        max_length=50,
        required=False,
    )


class NewStatementIn(StatementIn):
    option = serializers.IntegerField(
        min_value=1,
        allow_null=True,
        default=None,
        help_text="An option's number; null: a statement on the item as a whole.",
    )
    guidance = KeyField(
        "G",
        allow_null=True,
        default=None,
        help_text="The guidance that it is made from, e.g. G-3: its newest version is remembered.",
    )


class CreditOut(serializers.Serializer[Any]):
    """A control in place: shares, 0 to 1, that it takes away; least, most likely, most."""

    control = serializers.CharField()
    name = serializers.CharField()
    frequency = serializers.ListField(child=serializers.CharField())
    loss = serializers.ListField(child=serializers.CharField())


class StatementTextOut(serializers.Serializer[Any]):
    condition = serializers.CharField()
    consequence = serializers.CharField()
    attributes = serializers.ListField(child=serializers.CharField())
    threat_community = serializers.CharField()
    asset = serializers.CharField()
    effect = serializers.CharField()
    rationale = serializers.CharField()
    cwes = serializers.ListField(child=serializers.IntegerField())
    frequency_low = frequency()
    frequency_high = frequency()
    magnitude_low = money()
    magnitude_high = money()
    estimate = serializers.DictField(
        help_text="How it was entered, if not as ranges; they are then the 90 % ranges of it."
    )
    controls = CreditOut(
        many=True, help_text="Controls in place, whose effect the valuation takes off the estimate."
    )
    currency = serializers.CharField()
    valuation = ValueOut()


class OriginOut(serializers.Serializer[Any]):
    guidance = serializers.CharField(source="guidance.key")
    number = serializers.IntegerField()


class ItemRefOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()


class StatementOut(StatementTextOut):
    key = serializers.CharField()
    state = serializers.CharField()
    system = SystemRefOut()
    item = ItemRefOut()
    option = OptionRefOut(allow_null=True)
    origin = OriginOut(allow_null=True, help_text="The guidance version that it was made from.")
    published_number = serializers.IntegerField(
        source="published.number", allow_null=True, default=None
    )
    has_unpublished_changes = serializers.BooleanField()
    superseded_by = serializers.ListField(
        child=serializers.CharField(),
        help_text="Keys of what takes its place, while it is superseded.",
    )
    supersedes = serializers.ListField(child=serializers.CharField())
    created_by = PersonOut(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class RevisionOut(StatementTextOut):
    """What was published; never changed again."""

    number = serializers.IntegerField()
    note = serializers.CharField()
    review = serializers.CharField(
        help_text="reviewed; without (one was wished); empty where none was wished."
    )
    reviewed_by = PersonOut(allow_null=True)
    published_by = PersonOut(allow_null=True)
    published_at = serializers.DateTimeField()


class PublishStatementIn(Input):
    note = serializers.CharField(max_length=300, allow_blank=True, default="")


class WithdrawIn(Input):
    reason = serializers.CharField(max_length=500)


class SupersedeIn(Input):
    by = serializers.ListField(
        child=KeyField("RS"),
        min_length=1,
        max_length=20,
        help_text="Keys of published statements of the same system.",
    )
    reason = serializers.CharField(max_length=500)


class UndoIn(Input):
    reason = serializers.CharField(max_length=500)


class StatementEndOut(serializers.Serializer[Any]):
    """That a statement was withdrawn or superseded, or that this was undone; never changed again."""

    id = serializers.IntegerField()
    before = serializers.CharField()
    after = serializers.CharField()
    reason = serializers.CharField()
    successors = serializers.ListField(child=serializers.CharField(), source="successor_keys")
    undoes = serializers.IntegerField(source="undoes_id", allow_null=True)
    made_by = PersonOut(allow_null=True)
    made_at = serializers.DateTimeField()


class DecisionIn(Input):
    option = serializers.IntegerField(min_value=1, help_text="The number of the option chosen.")
    reason = serializers.CharField(max_length=LONG)
    valid_until = serializers.DateField(
        allow_null=True, default=None, help_text="The last day on which it holds."
    )
    treatments = serializers.DictField(
        child=serializers.ChoiceField(choices=Treatment.choices),
        default=dict,
        help_text='What is done about each published statement, e.g. {"RS-1": "mitigate"}.',
    )
    instead_of = serializers.IntegerField(
        min_value=0,
        allow_null=True,
        default=None,
        help_text="The number of the decision in force that you read, 0 for none: where it is another one by now, "
        "the answer is 409 and nothing is changed. Null asks nothing.",
    )

    def validate_treatments(self, value: dict[str, str]) -> dict[int, str]:
        key = KeyField("RS")
        chosen: dict[int, str] = {}
        for name, treatment in value.items():
            try:
                chosen[key.run_validation(name)] = treatment
            except serializers.ValidationError as error:
                raise serializers.ValidationError({name: error.detail}) from error
        return chosen


class TreatmentOut(serializers.Serializer[Any]):
    """A risk that the decision was made on, and what is done about it."""

    statement = serializers.CharField(source="statement.key")
    treatment = serializers.CharField(
        help_text="mitigate, accept, avoid or transfer; empty where nothing was said of it."
    )
    revision_number = serializers.IntegerField(source="revision.number")
    expected_annual_loss = money(source="valuation.expected_annual_loss")


class DecisionOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    item = serializers.CharField(source="item.key")
    option = OptionRefOut()
    reason = serializers.CharField()
    decided_by = PersonOut(allow_null=True)
    decided_at = serializers.DateTimeField()
    valid_until = serializers.DateField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    end = serializers.CharField(
        help_text="replaced, expired, revisited or undone; empty while it is in force."
    )
    end_reason = serializers.CharField(help_text="Why it was undone, or taken up again.")
    restores = serializers.IntegerField(
        source="restores_id",
        allow_null=True,
        help_text="The decision that holds again through this one, since what replaced it was undone.",
    )
    treatments = TreatmentOut(
        many=True,
        help_text="Every published risk that the chosen option ran, as it was valued then.",
    )


class OfferChangeOut(serializers.Serializer[Any]):
    """One thing that the guidance says otherwise now."""

    fields_changed = serializers.ListField(child=serializers.CharField(), source="fields")
    before = serializers.CharField()
    after = serializers.CharField()
    follows = serializers.BooleanField(
        help_text="Whether the statement still says what the older version said; it may be taken over."
    )


class GuidanceOfferOut(serializers.Serializer[Any]):
    """A newer version of the guidance that a statement was made from."""

    guidance = serializers.CharField(source="newest.guidance.key")
    from_number = serializers.IntegerField(source="origin.number")
    to_number = serializers.IntegerField(source="newest.number")
    note = serializers.CharField(source="newest.note")
    changes = OfferChangeOut(many=True)


class FollowIn(Input):
    take = serializers.BooleanField(
        help_text="true: say what the guidance says now, where nothing was adapted; false: stay."
    )
