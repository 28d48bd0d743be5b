"""Systems and what belongs to them."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.serializers import NewTokenOut, SystemTokenIn, TokenOut
from apps.accounts.api.views import PortalListView, PortalView
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.accounts.selectors import tokens_of_system
from apps.accounts.services.tokens import token_create_for_system
from apps.catalog.api.serializers import (
    ArchiveIn,
    ComponentIn,
    ComponentOut,
    EnvironmentIn,
    EnvironmentOut,
    NewSystemIn,
    SystemIn,
    SystemOut,
    SystemsQuery,
)
from apps.catalog.selectors import (
    components_of,
    environments_of,
    system_get,
    systems_archived,
    systems_in_use,
)
from apps.catalog.services import (
    component_create,
    environment_create,
    system_archive,
    system_create,
    system_edit,
    system_restore,
)
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import expected_version, idempotent

TAG = "Systems"


class Systems(PortalListView):
    serializer_class = SystemOut

    @operation(
        "systems_list", "List systems", tag=TAG, query=SystemsQuery, gives=SystemOut(many=True)
    )
    def get(self, request: Request) -> Response:
        archived = read_query(SystemsQuery, request).get("archived", False)
        rows = systems_archived(self.actor) if archived else systems_in_use(self.actor)
        return self.page(SystemOut, rows, "name", "pk")

    @operation(
        "systems_create",
        "Add a system",
        tag=TAG,
        takes=NewSystemIn,
        gives=SystemOut,
        status=201,
        repeatable=True,
        versioned=True,
        example={"key": "payments", "name": "Payments", "criticality": 4, "default_branch": "main"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        system = system_create(actor=self.actor, **read_body(NewSystemIn, request))
        return self.one(SystemOut, system, 201, location=f"/api/v1/systems/{system.key}")


class OneSystem(PortalView):
    serializer_class = SystemOut

    @operation("systems_read", "Read a system", tag=TAG, gives=SystemOut, versioned=True)
    def get(self, request: Request, system: str) -> Response:
        return self.one(SystemOut, system_get(self.actor, system))

    @operation(
        "systems_edit",
        "Change a system",
        tag=TAG,
        takes=SystemIn,
        gives=SystemOut,
        edits=True,
        example={"description": "Takes invoices in and pays them.", "owner": "team-money"},
    )
    def patch(self, request: Request, system: str) -> Response:
        row = system_get(self.actor, system)
        version = expected_version(request)
        values = read_body(SystemIn, request, partial=True)
        return self.one(
            SystemOut, system_edit(actor=self.actor, system=row, version=version, **values)
        )


class ArchiveSystem(PortalView):
    serializer_class = SystemOut

    @operation(
        "systems_archive",
        "Archive a system",
        tag=TAG,
        takes=ArchiveIn,
        gives=SystemOut,
        repeatable=True,
        versioned=True,
        description=(
            "It leaves lists and sums and takes in nothing: whatever is written to it is answered with 409 and "
            "`system-archived`. All of it stays to be read under its own address."
        ),
        example={"because": "Switched off in May; the new shop does its work."},
    )
    @idempotent
    def post(self, request: Request, system: str) -> Response:
        row = system_get(self.actor, system)
        given = read_body(ArchiveIn, request)
        return self.one(SystemOut, system_archive(actor=self.actor, system=row, **given))


class RestoreSystem(PortalView):
    serializer_class = SystemOut

    @operation(
        "systems_restore",
        "Bring an archived system back",
        tag=TAG,
        gives=SystemOut,
        repeatable=True,
        versioned=True,
        description="As it was. 409 where it is not archived.",
    )
    @idempotent
    def post(self, request: Request, system: str) -> Response:
        read_body(Nothing, request)
        row = system_get(self.actor, system)
        return self.one(SystemOut, system_restore(actor=self.actor, system=row))


class Components(PortalListView):
    serializer_class = ComponentOut

    @operation("components_list", "List components", tag=TAG, gives=ComponentOut(many=True))
    def get(self, request: Request, system: str) -> Response:
        read_query(Nothing, request)
        return self.page(ComponentOut, components_of(system_get(self.actor, system)), "name", "pk")

    @operation(
        "components_create",
        "Add a component",
        tag=TAG,
        takes=ComponentIn,
        gives=ComponentOut,
        status=201,
        repeatable=True,
        example={
            "key": "intake",
            "name": "Invoice intake",
            "kind": "service",
            "path": "services/intake",
        },
    )
    @idempotent
    def post(self, request: Request, system: str) -> Response:
        row = system_get(self.actor, system)
        made = component_create(actor=self.actor, system=row, **read_body(ComponentIn, request))
        return self.one(ComponentOut, made, 201)


class Environments(PortalListView):
    serializer_class = EnvironmentOut

    @operation("environments_list", "List environments", tag=TAG, gives=EnvironmentOut(many=True))
    def get(self, request: Request, system: str) -> Response:
        read_query(Nothing, request)
        return self.page(
            EnvironmentOut, environments_of(system_get(self.actor, system)), "name", "pk"
        )

    @operation(
        "environments_create",
        "Add an environment",
        tag=TAG,
        takes=EnvironmentIn,
        gives=EnvironmentOut,
        status=201,
        repeatable=True,
        example={"key": "production", "name": "Production", "is_production": True},
    )
    @idempotent
    def post(self, request: Request, system: str) -> Response:
        row = system_get(self.actor, system)
        made = environment_create(actor=self.actor, system=row, **read_body(EnvironmentIn, request))
        return self.one(EnvironmentOut, made, 201)


class SystemTokens(PortalListView):
    serializer_class = TokenOut
    shown_once = frozenset({"text"})

    @operation("system_tokens_list", "List a system's tokens", tag=TAG, gives=TokenOut(many=True))
    def get(self, request: Request, system: str) -> Response:
        read_query(Nothing, request)
        row = system_get(self.actor, system)
        require(self.actor, Permission.TOKEN_MANAGE, row)
        return self.page(TokenOut, tokens_of_system(self.actor, row.pk), "-id")

    @operation(
        "system_tokens_create",
        "Make a token for a pipeline of the system",
        tag=TAG,
        takes=SystemTokenIn,
        gives=NewTokenOut,
        status=201,
        repeatable=True,
        description="It may upload reports of this system and read their status, nothing else.",
        example={"name": "build pipeline", "days": 90},
    )
    @idempotent
    def post(self, request: Request, system: str) -> Response:
        row = system_get(self.actor, system)
        made = token_create_for_system(
            actor=self.actor, system=row, system_id=row.pk, **read_body(SystemTokenIn, request)
        )
        return self.one(NewTokenOut, made, 201)
