"""VEX documents of others: what they say of vulnerabilities sets the state of findings."""

import uuid
from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.accounts.policy import in_use
from apps.catalog.selectors import system_get
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.outputs import SystemRefOut
from apps.common.api.views import idempotent
from apps.scans.api.body import check_announced_size, raw_chunks
from apps.scans.selectors_vex import vex_document_get, vex_documents
from apps.scans.services.vex import vex_restore, vex_take_in, vex_withdraw

TAG = "Findings"


class VexQuery(Input):
    system = serializers.CharField(max_length=60, help_text="The key of the system it is about.")
    filename = serializers.CharField(max_length=200, default="", allow_blank=True)
    dry_run = serializers.BooleanField(
        default=False, help_text="true: only say what it would change."
    )


class VexDocumentOut(serializers.Serializer[Any]):
    uid = serializers.UUIDField()
    system = SystemRefOut()
    name = serializers.CharField()
    format = serializers.CharField(help_text="openvex or cyclonedx")
    author = serializers.CharField()
    sha256 = serializers.CharField()
    is_on = serializers.BooleanField(help_text="false: withdrawn")
    statements = serializers.IntegerField(source="statement_count")
    findings = serializers.IntegerField(
        source="finding_count", help_text="That say what it says, by now."
    )
    by = serializers.CharField(source="actor_label")
    created_at = serializers.DateTimeField()


class VexOutcomeOut(serializers.Serializer[Any]):
    """What a document does; of one that was only tried, what it would do."""

    document = VexDocumentOut(allow_null=True)
    decided = serializers.IntegerField(help_text="Statements that decide something.")
    undecided = serializers.IntegerField(help_text="Statements that leave a finding as it is.")
    unclear = serializers.IntegerField(help_text="Statements about nothing that is known here.")
    findings = serializers.DictField(
        child=serializers.IntegerField(), help_text="Open findings by the state that they get."
    )


class VexDocuments(PortalListView):
    serializer_class = VexDocumentOut

    @operation(
        "vex_list",
        "List VEX documents that were taken in, the newest first",
        tag=TAG,
        gives=VexDocumentOut(many=True),
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        rows = in_use(vex_documents(self.actor), self.actor)
        return self.page(VexDocumentOut, rows, "-id")

    @operation(
        "vex_take_in",
        "Take in a VEX document",
        tag=TAG,
        query=VexQuery,
        takes={"application/octet-stream": OpenApiTypes.BINARY},
        gives=VexOutcomeOut,
        status=201,
        repeatable=True,
        description=(
            "The body is OpenVEX, or CycloneDX as JSON. Its statements set the state of the system's "
            "open findings with their justification, now and as findings arrive; what people said "
            "stays. With `dry_run` the answer is 200 and nothing changes."
        ),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_query(VexQuery, request)
        system = system_get(self.actor, given["system"])
        plain = request._request  # noqa: SLF001  # DRF would parse the body
        check_announced_size(plain)
        done = vex_take_in(
            actor=self.actor,
            system=system,
            chunks=raw_chunks(plain),
            name=given["filename"],
            dry_run=given["dry_run"],
        )
        kept = vex_document_get(self.actor, done.document.uid) if done.document else None
        told = {
            "document": kept,
            "decided": len(done.vex.statements),
            "undecided": done.vex.undecided,
            "unclear": done.vex.unclear,
            "findings": done.counts,
        }
        if kept is None:
            return self.one(VexOutcomeOut, told)
        return self.one(VexOutcomeOut, told, 201, location=f"/api/v1/vex/{kept.uid}")


class OneVexDocument(PortalView):
    serializer_class = VexDocumentOut

    @operation("vex_read", "Read a VEX document's summary", tag=TAG, gives=VexDocumentOut)
    def get(self, request: Request, document: uuid.UUID) -> Response:
        read_query(Nothing, request)
        return self.one(VexDocumentOut, vex_document_get(self.actor, document))


class WithdrawVexDocument(PortalView):
    serializer_class = VexDocumentOut

    @operation(
        "vex_withdraw",
        "Take back what a VEX document said",
        tag=TAG,
        gives=VexDocumentOut,
        status=202,
        repeatable=True,
        description="Findings that were changed since stay as they are.",
    )
    @idempotent
    def post(self, request: Request, document: uuid.UUID) -> Response:
        read_body(Nothing, request)
        vex_withdraw(actor=self.actor, document=vex_document_get(self.actor, document))
        return self.one(VexDocumentOut, vex_document_get(self.actor, document), 202)


class RestoreVexDocument(PortalView):
    serializer_class = VexDocumentOut

    @operation(
        "vex_restore",
        "Let a withdrawn VEX document hold again",
        tag=TAG,
        gives=VexDocumentOut,
        status=202,
        repeatable=True,
        description="It says again what was taken back when it was withdrawn; what people said since stays.",
    )
    @idempotent
    def post(self, request: Request, document: uuid.UUID) -> Response:
        read_body(Nothing, request)
        vex_restore(actor=self.actor, document=vex_document_get(self.actor, document))
        return self.one(VexDocumentOut, vex_document_get(self.actor, document), 202)
