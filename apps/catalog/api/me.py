"""Who asks, and what that one may do where."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actors import Actor
from apps.accounts.api.views import PortalView
from apps.catalog.api.serializers import MeOut
from apps.catalog.models import System
from apps.catalog.selectors import systems_granted
from apps.common.api.docs import operation


class Me(PortalView):
    serializer_class = MeOut
    open_to_pipelines = True

    @operation(
        "me_read",
        "Who am I, and what may I do",
        tag="Me",
        gives=MeOut,
        answer={
            "kind": "token",
            "label": "build pipeline (…k3J9xQ2mP0aZ)",
            "name": None,
            "email": None,
            "permissions": [],
            "systems": [
                {
                    "key": "payments",
                    "name": "Payments",
                    "permissions": ["report.upload", "report.view"],
                }
            ],
        },
    )
    def get(self, request: Request) -> Response:
        return self.one(MeOut, _me(self.actor))


def _me(actor: Actor) -> dict[str, object]:
    return {
        "kind": actor.kind,
        "label": actor.label,
        "name": actor.user.name if actor.user else None,
        "email": actor.user.email if actor.user else None,
        "permissions": sorted(actor.organisation_grant),
        "systems": [_grant(actor, system) for system in systems_granted(actor)],
    }


def _grant(actor: Actor, system: System) -> dict[str, object]:
    permissions = sorted(actor.system_grants[system.pk])
    return {"key": system.key, "name": system.name, "permissions": permissions}
