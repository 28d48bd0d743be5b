"""Who did what to what."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView
from apps.accounts.roles import Permission
from apps.catalog.api.serializers import AuditOut, AuditQuery
from apps.catalog.selectors import audit_entries, system_get
from apps.common.api.docs import operation
from apps.common.api.inputs import read_query
from apps.common.errors import NotPermitted


class Audit(PortalListView):
    serializer_class = AuditOut

    @operation(
        "audit_list",
        "Read the audit trail, the newest first",
        tag="Audit",
        query=AuditQuery,
        gives=AuditOut(many=True),
        description="For admins: of the organisation, or of the systems that they are admins of.",
    )
    def get(self, request: Request) -> Response:
        if not self.actor.reads_audit:
            raise NotPermitted("The audit trail is read by admins.")
        wanted = read_query(AuditQuery, request)
        if "system" in wanted:
            system = system_get(self.actor, wanted.pop("system"), permission=Permission.AUDIT_VIEW)
            wanted["system_id"] = system.pk
        return self.page(AuditOut, audit_entries(self.actor).filter(**wanted), "-id")
