"""What serializers of output share."""

from typing import Any

from rest_framework import serializers


class PersonOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class SystemRefOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()


def money(**kwargs: Any) -> serializers.DecimalField:
    """An amount in the organisation's currency, as a decimal string so that no cent is lost."""
    return serializers.DecimalField(max_digits=18, decimal_places=2, **kwargs)


def frequency(**kwargs: Any) -> serializers.DecimalField:
    """Loss events a year, as a decimal string."""
    return serializers.DecimalField(max_digits=16, decimal_places=6, **kwargs)
