"""Threat models become drafts."""

from typing import Any

import msgspec
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.catalog.selectors import system_get
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, read_body
from apps.common.api.views import idempotent
from apps.evidence.services.imports import Imported, import_plan, import_threats
from apps.evidence.threat_models import FORMATS, read_model


class ThreatModelIn(Input):
    document = serializers.JSONField(help_text="The file as the tool wrote it.")
    format = serializers.CharField(
        max_length=40,
        allow_blank=True,
        default="",
        help_text=f"{', '.join(FORMATS)}; empty: found out from the content.",
    )
    preview = serializers.BooleanField(default=False, help_text="Only say what would be made.")


class ThreatDraftOut(serializers.Serializer[Any]):
    condition = serializers.CharField(source="content.condition")
    consequence = serializers.CharField(source="content.consequence")
    rationale = serializers.CharField(source="content.rationale")
    rated = serializers.BooleanField(
        source="is_rated", help_text="The tool rates it; else the ranges are wide."
    )


class ThreatImportOut(serializers.Serializer[Any]):
    title = serializers.CharField(source="plan.model.title")
    tool = serializers.CharField(source="plan.model.tool")
    item = serializers.CharField(
        source="item.key", allow_null=True, default=None, help_text="Null: nothing was made."
    )
    statements = serializers.ListField(child=serializers.CharField(), source="keys")
    drafts = ThreatDraftOut(many=True, source="plan.fresh")
    known = serializers.IntegerField(source="plan.known", help_text="Imported before; left alone.")
    settled = serializers.IntegerField(
        source="plan.model.settled", help_text="Mitigated or accepted in the model; left out."
    )
    warnings = serializers.ListField(child=serializers.CharField(), source="plan.model.warnings")


class ThreatModelImport(PortalView):
    serializer_class = ThreatImportOut

    @operation(
        "threat_model_import",
        "Take over a threat model as drafts",
        tag="Evidence",
        takes=ThreatModelIn,
        gives=ThreatImportOut,
        repeatable=True,
        description="A planning item with two options and a draft statement for each open threat. "
        "The same file again makes nothing twice; new threats join the item while it is open.",
        example={"document": {"otmVersion": "0.2.0", "threats": []}, "preview": True},
    )
    @idempotent
    def post(self, request: Request, system: str) -> Response:
        row = system_get(self.actor, system)
        given = read_body(ThreatModelIn, request)
        model = read_model(msgspec.json.encode(given["document"]), given["format"])
        if given["preview"]:
            plan = import_plan(actor=self.actor, system=row, model=model)
            return self.one(ThreatImportOut, Imported(plan, None))
        return self.one(ThreatImportOut, import_threats(actor=self.actor, system=row, model=model))
