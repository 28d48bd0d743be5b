from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.accounts.models import Team, User
from apps.accounts.roles import Role
from apps.catalog.models import MOST_BECAUSE, Criticality, System
from apps.common.api.inputs import Input
from apps.common.api.outputs import PersonOut

CRITICALITIES = [(each.value, str(each.label)) for each in Criticality]


class SystemIn(Input):
    """The fields that may be edited."""

    key = serializers.SlugField(
        max_length=60, required=False, help_text="Whoever names the system by it must follow."
    )
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=20_000, allow_blank=True, required=False)
    owner = serializers.CharField(
        max_length=60, allow_null=True, required=False, help_text="The owning team's key."
    )
    criticality = serializers.ChoiceField(
        choices=CRITICALITIES, required=False, help_text="1 low, 2 medium, 3 high, 4 vital."
    )
    repositories = serializers.ListField(
        child=serializers.URLField(max_length=300), max_length=50, required=False
    )
    default_branch = serializers.CharField(max_length=200, required=False)

    def validate_owner(self, value: str | None) -> Team | None:
        if value is None:
            return None
        team = Team.objects.filter(key=value).first()
        if team is None:
            raise serializers.ValidationError("There is no such team.")
        return team


class NewSystemIn(SystemIn):
    key = serializers.SlugField(max_length=60)


class RoleIn(Input):
    """A person or a team, one of them, and its role."""

    person = serializers.EmailField(max_length=254, allow_null=True, default=None)
    team = serializers.SlugField(max_length=60, allow_null=True, default=None)
    role = serializers.ChoiceField(choices=[role.value for role in Role])

    def validate_person(self, value: str | None) -> User | None:
        if value is None:
            return None
        user = User.objects.filter(email=value.lower(), is_active=True).first()
        if user is None:
            raise serializers.ValidationError("Nobody who may sign in has this address.")
        return user

    def validate_team(self, value: str | None) -> Team | None:
        team = Team.objects.filter(key=value).first()
        if value is not None and team is None:
            raise serializers.ValidationError("There is no such team.")
        return team


class TeamOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()


class MemberOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.CharField()


class RoleOut(serializers.Serializer[Any]):
    """A role on one system."""

    id = serializers.IntegerField()
    person = MemberOut(source="user", allow_null=True)
    team = TeamOut(allow_null=True)
    role = serializers.CharField()


class ArchiveIn(Input):
    because = serializers.CharField(
        max_length=MOST_BECAUSE, help_text="Why: it is read by whoever opens the system in a year."
    )


class ArchivalOut(serializers.Serializer[Any]):
    """When a system was archived, by whom, and why."""

    at = serializers.DateTimeField(source="archived_at")
    by = PersonOut(source="archived_by", allow_null=True)
    because = serializers.CharField(source="archived_because")


class SystemsQuery(Input):
    archived = serializers.BooleanField(
        required=False, help_text="Those that are archived, in place of those in use."
    )


class SystemOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    owner = TeamOut(allow_null=True)
    criticality = serializers.IntegerField()
    repositories = serializers.ListField(child=serializers.CharField())
    default_branch = serializers.CharField()
    archived = serializers.SerializerMethodField()
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    @extend_schema_field(ArchivalOut(allow_null=True))
    def get_archived(self, system: System) -> dict[str, Any] | None:
        return dict(ArchivalOut(system).data) if system.is_archived else None


class ComponentIn(Input):
    key = serializers.SlugField(max_length=80)
    name = serializers.CharField(max_length=120)
    kind = serializers.CharField(max_length=40, allow_blank=True, default="")
    description = serializers.CharField(max_length=20_000, allow_blank=True, default="")
    repository = serializers.URLField(max_length=300, allow_blank=True, default="")
    path = serializers.CharField(max_length=300, allow_blank=True, default="")


class ComponentOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    description = serializers.CharField()
    repository = serializers.CharField()
    path = serializers.CharField()


class EnvironmentIn(Input):
    key = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=120)
    is_production = serializers.BooleanField(default=False)


class EnvironmentOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField()
    is_production = serializers.BooleanField()


class GrantOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()
    permissions = serializers.ListField(child=serializers.CharField())


class MeOut(serializers.Serializer[Any]):
    """Who asks, and what that one may do."""

    kind = serializers.CharField(help_text="user or token")
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    name = serializers.CharField(allow_null=True)
    email = serializers.CharField(allow_null=True)
    permissions = serializers.ListField(
        child=serializers.CharField(), help_text="What holds in the whole organisation."
    )
    systems = GrantOut(many=True, help_text="What holds on single systems, beyond that.")


class AuditQuery(Input):
    system = serializers.CharField(max_length=60, required=False, help_text="A system's key.")
    object_type = serializers.CharField(max_length=40, required=False)
    object_id = serializers.CharField(max_length=64, required=False)


class AuditOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor_kind = serializers.CharField()
    actor = serializers.CharField(source="actor_label")
    action = serializers.CharField()
    object_type = serializers.CharField()
    object_id = serializers.CharField()
    object_label = serializers.CharField()
    changes = serializers.DictField()
    request_id = serializers.CharField()
    address = serializers.CharField(
        help_text="Where the request came from; empty: the portal itself."
    )
