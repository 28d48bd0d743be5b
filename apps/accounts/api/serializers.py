from typing import Any

from rest_framework import serializers

from apps.accounts.roles import Scope
from apps.accounts.services.tokens import MAX_DAYS
from apps.common.api.inputs import Input


class OwnTokenIn(Input):
    name = serializers.CharField(max_length=120)
    scope = serializers.ChoiceField(
        choices=[Scope.READ.value, Scope.WRITE.value, Scope.PEOPLE.value],
        default=Scope.READ.value,
        help_text="`people`: an admin's, for who joins and leaves, and nothing else.",
    )
    days = serializers.IntegerField(min_value=1, max_value=MAX_DAYS, default=30)


class SystemTokenIn(Input):
    name = serializers.CharField(max_length=120)
    days = serializers.IntegerField(min_value=1, max_value=MAX_DAYS, default=MAX_DAYS)


class TokenOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    key = serializers.CharField(help_text="The public part of its text, to recognise it by.")
    name = serializers.CharField()
    scope = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewTokenOut(serializers.Serializer[Any]):
    """A token just made."""

    token = TokenOut()
    text = serializers.CharField(
        required=False,
        help_text="What goes behind `Authorization: Bearer`. Shown this once, never stored; "
        "a repeat under the same Idempotency-Key is answered without it.",
    )
