"""Who joins, moves and leaves, for scripts of those who manage people. No passwords, links or factors here."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.authentication import TokenAuthentication
from apps.accounts.api.views import PortalListView, PortalView
from apps.accounts.models import Team, User
from apps.accounts.policy import require
from apps.accounts.roles import Permission, Role, Scope
from apps.accounts.selectors import people_list, person_get, teams_list
from apps.accounts.services.people import person_add, person_edit
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.views import expected_version, idempotent

TAG = "People"
TOKEN = "With a token that manages people (scope `people`)."  # noqa: S105  # words of the reference


class PeopleQuery(Input):
    text = serializers.CharField(
        max_length=200, default="", allow_blank=True, help_text="In the name, address or a team's."
    )
    is_active = serializers.BooleanField(allow_null=True, default=None)


class NewPersonIn(Input):
    email = serializers.EmailField(max_length=254, help_text="What this person signs in with.")
    name = serializers.CharField(max_length=120)
    role = serializers.CharField(
        max_length=20,
        allow_blank=True,
        default="",
        help_text="In the whole organisation: viewer, architect or security; empty: only what single systems and "
        "teams give.",
    )
    teams = serializers.ListField(
        child=serializers.CharField(max_length=60),
        max_length=100,
        required=False,
        help_text="Keys, all that the person is of.",
    )

    def validate_role(self, value: str) -> str:
        if value not in {"", *Role}:
            raise serializers.ValidationError("There is no such role.")
        return value

    def validate_teams(self, keys: list[str]) -> list[Team]:
        found = {team.key: team for team in Team.objects.filter(key__in=keys)}
        if missing := [key for key in keys if key not in found]:
            raise serializers.ValidationError(f"There is no team {missing[0]!r}.")
        return list(found.values())


class PersonIn(NewPersonIn):
    is_active = serializers.BooleanField(
        help_text="Without it, sessions end at once and tokens stop working; what was written stays."
    )


class AccountRoleOut(serializers.Serializer[Any]):
    system = serializers.CharField(source="system.key")
    role = serializers.CharField()


class AccountOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    version = serializers.IntegerField()
    email = serializers.EmailField()
    name = serializers.CharField()
    role = serializers.CharField(help_text="In the whole organisation; may be empty.")
    teams = serializers.SerializerMethodField(help_text="Their keys.")
    roles = AccountRoleOut(
        source="memberships", many=True, help_text="Of this person on systems; teams' come on top."
    )
    is_active = serializers.BooleanField()
    is_staff = serializers.BooleanField(help_text="Whether the administration is open to them.")
    has_factor = serializers.BooleanField(help_text="Whether a second factor is set up.")
    last_login = serializers.DateTimeField(allow_null=True)
    date_joined = serializers.DateTimeField()

    def get_teams(self, row: User) -> list[str]:
        return [team.key for team in row.teams.all()]


class TeamCountsOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()
    people_count = serializers.IntegerField()
    system_count = serializers.IntegerField()


class ByToken(PortalView):
    """SECURITY: pages ask who one is before they change how somebody signs in; a session alone is not enough here."""

    authentication_classes = (TokenAuthentication,)
    also_sent_by = frozenset({Scope.PEOPLE})


class PeopleList(ByToken, PortalListView):
    serializer_class = AccountOut

    @operation(
        "people_list",
        "List people",
        tag=TAG,
        query=PeopleQuery,
        gives=AccountOut(many=True),
        description=f"Those who are switched off, too. {TOKEN}",
    )
    def get(self, request: Request) -> Response:
        asked = read_query(PeopleQuery, request)
        rows = people_list(self.actor, asked["text"]).prefetch_related("memberships__system")
        if asked["is_active"] is not None:
            rows = rows.filter(is_active=asked["is_active"])
        return self.page(AccountOut, rows, "name", "pk")

    @operation(
        "people_add",
        "Add a person",
        tag=TAG,
        takes=NewPersonIn,
        gives=AccountOut,
        status=201,
        repeatable=True,
        versioned=True,
        description="Without a password: they come by a provider, or an admin hands them a link that the portal's page "
        f"makes. Nobody becomes an admin so. {TOKEN}",
        example={"email": "nora.near@example.org", "name": "Nora Near", "role": "viewer"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        require(self.actor, Permission.PEOPLE_MANAGE)  # first: a refusal of a body names teams
        made = person_add(actor=self.actor, **read_body(NewPersonIn, request))
        return self._person(made, 201)

    def _person(self, user: User, status: int) -> Response:
        row = person_get(self.actor, user.pk)
        return self.one(AccountOut, row, status, location=f"/api/v1/people/{row.pk}")


class OnePerson(ByToken):
    serializer_class = AccountOut

    @operation(
        "people_read",
        "Read a person",
        tag=TAG,
        gives=AccountOut,
        versioned=True,
        description=TOKEN,
    )
    def get(self, request: Request, person: int) -> Response:
        return self.one(AccountOut, person_get(self.actor, person))

    @operation(
        "people_edit",
        "Change a person: name, address, role, teams, or whether they may sign in",
        tag=TAG,
        takes=PersonIn,
        gives=AccountOut,
        edits=True,
        description="Who is switched off, or has another address, is signed out everywhere. Admins and staff are "
        f"changed on pages, by superusers. {TOKEN}",
        example={"is_active": False},
    )
    def patch(self, request: Request, person: int) -> Response:
        row = person_get(self.actor, person)
        version = expected_version(request)
        values = read_body(PersonIn, request, partial=True)
        person_edit(actor=self.actor, user=row, version=version, **values)
        return self.one(AccountOut, person_get(self.actor, person))


class Teams(ByToken, PortalListView):
    serializer_class = TeamCountsOut

    @operation(
        "teams_list", "List teams", tag=TAG, gives=TeamCountsOut(many=True), description=TOKEN
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return self.page(TeamCountsOut, teams_list(self.actor), "name", "pk")
