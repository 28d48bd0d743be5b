"""A decision as a Markdown record, and the register of risks as a table: the pages' files, over HTTP."""

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request

from apps.accounts.api.views import PortalView
from apps.advice.files import (
    XLSX,
    cyclonedx_answer,
    madr_answer,
    paper_answer,
    poam_answer,
    register_answer,
    register_workbook_answer,
)
from apps.advice.portfolio import Scope
from apps.catalog.selectors import system_get
from apps.catalog.stages import Stage
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_query


class RegisterQuery(Input):
    system = serializers.CharField(max_length=60, required=False, help_text="A system's key.")
    stage = serializers.ChoiceField(choices=Stage.choices, required=False)


class FileView(PortalView):
    serializer_class: type[serializers.Serializer[Any]] = serializers.Serializer

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        """Whatever the client accepts, it gets the file."""
        return super().perform_content_negotiation(request, force=True)


class DecisionRecord(FileView):
    @operation(
        "decision_record_read",
        "Read a decision as a Markdown record (MADR)",
        tag="Planning",
        gives=OpenApiTypes.STR,
        media="text/markdown",
        description="Question, options with their risks and values, what was chosen, why, by whom.",
    )
    def get(self, request: Request, item: int, decision: int) -> HttpResponseBase:
        read_query(Nothing, request)
        return madr_answer(self.actor, item, decision)


class DecisionPaper(FileView):
    @operation(
        "decision_paper_read",
        "Read a decision as a document to print (PDF)",
        tag="Planning",
        gives=OpenApiTypes.BINARY,
        media="application/pdf",
        description="The record for paper: what the Markdown says, with the options side by side.",
    )
    def get(self, request: Request, item: int, decision: int) -> HttpResponseBase:
        read_query(Nothing, request)
        return paper_answer(self.actor, item, decision)


class RiskRegister(FileView):
    @operation(
        "risk_register_read",
        "Read the register of risks as CSV",
        tag="Risks",
        gives=OpenApiTypes.BINARY,
        media="text/csv",
        description="Every published risk that you see, with its value. Taking it is audited.",
    )
    def get(self, request: Request) -> HttpResponseBase:
        read_query(Nothing, request)
        return register_answer(self.actor)


class RiskWorkbook(FileView):
    @operation(
        "risk_workbook_read",
        "Read the register of risks as a workbook",
        tag="Risks",
        gives=OpenApiTypes.BINARY,
        media=XLSX,
        description="The columns of the CSV, for spreadsheets. Taking it is audited.",
    )
    def get(self, request: Request) -> HttpResponseBase:
        read_query(Nothing, request)
        return register_workbook_answer(self.actor)


class ScopedFileView(FileView):
    def scope(self, request: Request) -> Scope:
        """Raises: Missing for a system that the reader may not see."""
        wanted = read_query(RegisterQuery, request)
        if "system" in wanted:
            system_get(self.actor, wanted["system"])
        return Scope(**wanted)


class RiskPoam(ScopedFileView):
    @operation(
        "risk_poam_read",
        "Read the open risks as an OSCAL plan of action and milestones",
        tag="Risks",
        query=RegisterQuery,
        gives=OpenApiTypes.OBJECT,
        description="OSCAL 1.1.3 POA&M, JSON: the risks that are carried, with value, treatment, planned "
        "controls and evidence. 404 where no risk is open. Taking it is audited.",
    )
    def get(self, request: Request) -> HttpResponseBase:
        return poam_answer(self.actor, self.scope(request))


class RiskCycloneDX(ScopedFileView):
    @operation(
        "risk_cyclonedx_read",
        "Read the open risks as CycloneDX (experimental)",
        tag="Risks",
        query=RegisterQuery,
        gives=OpenApiTypes.OBJECT,
        description="After the draft of CycloneDX 2.0, which may change, and this with it. "
        "Taking it is audited.",
    )
    def get(self, request: Request) -> HttpResponseBase:
        return cyclonedx_answer(self.actor, self.scope(request))
