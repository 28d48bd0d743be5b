from decimal import Decimal
from typing import Any

from rest_framework import serializers

from apps.common.api.inputs import Input, KeyField
from apps.common.api.outputs import SystemRefOut, money
from apps.controls.models import Control, ControlStatus

ONE_OF = f"One of: {', '.join(ControlStatus.values)}."


def _share(**kwargs: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=7, decimal_places=6, min_value=0, max_value=1, **kwargs
    )


def _amount(**kwargs: Any) -> serializers.DecimalField:
    return money(min_value=0, default=Decimal(0), **kwargs)


class ControlQuery(Input):
    system = serializers.CharField(max_length=60, required=False, help_text="A system's key.")
    status = serializers.CharField(max_length=8, required=False, help_text=ONE_OF)


class ControlEffectOut(serializers.Serializer[Any]):
    """What it takes away of one risk, as shares from 0 to 1: least, most likely, most."""

    statement = serializers.CharField(source="statement.key")
    frequency_low = _share()
    frequency_mode = _share()
    frequency_high = _share()
    loss_low = _share()
    loss_mode = _share()
    loss_high = _share()
    rationale = serializers.CharField()


class ControlEntryOut(serializers.Serializer[Any]):
    """A control: what it costs, where it stands, and what it does to which risk."""

    key = serializers.CharField()
    version = serializers.IntegerField()
    system = SystemRefOut()
    name = serializers.CharField()
    status = serializers.CharField(help_text=ONE_OF)
    description = serializers.CharField()
    owner = serializers.CharField(source="owner.key", default=None, allow_null=True)
    guidance = serializers.CharField(source="guidance.key", default=None, allow_null=True)
    cost_once = money()
    years = serializers.DecimalField(max_digits=4, decimal_places=1)
    cost_yearly_low = money()
    cost_yearly_high = money()
    effects = serializers.SerializerMethodField()

    def get_effects(self, row: Control) -> list[dict[str, Any]]:
        return list(ControlEffectOut(row.effects.all(), many=True).data)


class ControlChange(Input):
    """Everything but the system, which stays."""

    name = serializers.CharField(max_length=160)
    status = serializers.CharField(max_length=8, default=ControlStatus.PLANNED, help_text=ONE_OF)
    description = serializers.CharField(max_length=5000, default="", allow_blank=True)
    owner = serializers.CharField(
        max_length=60, default=None, allow_null=True, help_text="A team's key."
    )
    guidance = KeyField(
        "G", default=None, allow_null=True, help_text="That recommends it, such as G-3."
    )
    cost_once = _amount(help_text="To buy or build it.")
    years = serializers.DecimalField(
        max_digits=4, decimal_places=1, default=Decimal(3), help_text="That this lasts, 1 to 100."
    )
    cost_yearly_low = _amount(help_text="To run it: 1 in 20 that it is less.")
    cost_yearly_high = _amount(help_text="1 in 20 that it is more.")


class ControlEntryIn(ControlChange):
    system = serializers.CharField(max_length=60, help_text="A system's key.")


class EffectIn(Input):
    """Shares, 0 to 1, of the frequency and of the loss that it takes away: least, likely, most."""

    statement = KeyField("RS", help_text="A risk of the same system.")
    frequency_low = _share(default=Decimal(0))
    frequency_mode = _share(default=Decimal(0))
    frequency_high = _share(default=Decimal(0))
    loss_low = _share(default=Decimal(0))
    loss_mode = _share(default=Decimal(0))
    loss_high = _share(default=Decimal(0))
    rationale = serializers.CharField(max_length=500, default="", allow_blank=True)


class WhatIfQuery(Input):
    on = serializers.CharField(
        max_length=1000,
        required=False,
        allow_blank=True,
        help_text="Keys of the controls to think in place, such as C-3,C-5; without it, those that are.",
    )


class SideOut(serializers.Serializer[Any]):
    """A year with a set of controls; low and high hold nine years in ten."""

    expected_annual_loss = money(source="expected")
    low = money()
    high = money()
    probability_of_loss = serializers.FloatField(source="probability")
    curve = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField()),
        help_text="[loss, probability of exceeding it in a year]",
    )


class WholeOut(serializers.Serializer[Any]):
    """Over all risks that it covers, as if it were in place. Ranges: 5th and 95th percentile of
    what we are unsure of."""

    covers = serializers.IntegerField(help_text="Risks.")
    reduction = money(help_text="Expected loss a year that it takes away.")
    reduction_range = serializers.ListField(child=money())
    cost = money(help_text="A year.")
    net_benefit = money(help_text="reduction - cost")
    net_benefit_range = serializers.ListField(child=money())
    rosi = serializers.FloatField(
        allow_null=True, help_text="net_benefit / cost; null where it costs nothing."
    )
    rosi_range = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    worth_it = serializers.FloatField(
        help_text="Probability that it takes away more than it costs."
    )


class ControlOnRiskOut(serializers.Serializer[Any]):
    """A control against one risk."""

    control = serializers.CharField(source="control.key")
    name = serializers.CharField(source="control.name")
    status = serializers.CharField(source="control.status")
    statement = serializers.CharField(source="effect.statement.key")
    is_on = serializers.BooleanField(help_text="Whether it is thought to be in place here.")
    reduction = money(help_text="Of this risk's expected annual loss.")
    reduction_range = serializers.ListField(child=money())


class ThoughtControlOut(ControlOnRiskOut):
    whole = WholeOut(allow_null=True)


class WhatIfOut(serializers.Serializer[Any]):
    """A risk without any control, and with those that are on."""

    without = SideOut(allow_null=True)
    treated = SideOut(allow_null=True)
    controls = ThoughtControlOut(many=True)


class WorthOut(serializers.Serializer[Any]):
    whole = WholeOut(allow_null=True)
    risks = ControlOnRiskOut(many=True)
