"""Who holds which role on a system."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.accounts.roles import Role
from apps.catalog.api.serializers import RoleIn, RoleOut
from apps.catalog.selectors import role_get, roles_of, system_get
from apps.catalog.services import membership_remove, membership_set
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import idempotent

TAG = "Systems"


class SystemRoles(PortalListView):
    serializer_class = RoleOut

    @operation(
        "system_roles_list",
        "List who has a role on a system",
        tag=TAG,
        gives=RoleOut(many=True),
        description="For those who manage the system. Roles in the organisation come on top.",
    )
    def get(self, request: Request, system: str) -> Response:
        read_query(Nothing, request)
        return self.page(RoleOut, roles_of(self.actor, system_get(self.actor, system)), "pk")

    @operation(
        "system_roles_set",
        "Give a person or a team a role on a system",
        tag=TAG,
        takes=RoleIn,
        gives=RoleOut,
        status=201,
        repeatable=True,
        description="In place of the one that it had. Nobody gives more than they may themselves.",
        example={"person": "maren.halvorsen@example.org", "role": "architect"},
    )
    @idempotent
    def post(self, request: Request, system: str) -> Response:
        row = system_get(self.actor, system)
        roles_of(self.actor, row)  # who may not read them learns nothing of who is known here
        given = read_body(RoleIn, request)
        made = membership_set(
            actor=self.actor,
            system=row,
            role=Role(given["role"]),
            user=given["person"],
            team=given["team"],
        )
        return self.one(RoleOut, made, 201)


class SystemRole(PortalView):
    serializer_class = RoleOut

    @operation("system_roles_remove", "Take a role on a system away", tag=TAG, status=204)
    def delete(self, request: Request, system: str, role: int) -> Response:
        row = system_get(self.actor, system)
        held = role_get(self.actor, row, role)
        membership_remove(actor=self.actor, system=row, user=held.user, team=held.team)
        return Response(status=204)
