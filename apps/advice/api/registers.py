"""A decision as a Markdown record, and the register of risks as a table: the pages' files, over HTTP."""

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request

from apps.accounts.api.views import PortalView
from apps.advice.files import XLSX, madr_answer, register_answer, register_workbook_answer
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_query


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
