"""Who owns what of a system."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.catalog.selectors import system_get
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.views import expected_version
from apps.scans.selectors_rules import owners_map
from apps.scans.services.owners import LONGEST, owners_set

TAG = "Findings"


class OwnersIn(Input):
    text = serializers.CharField(
        max_length=LONGEST, allow_blank=True, trim_whitespace=False, help_text="As in CODEOWNERS."
    )


class OwnersOut(serializers.Serializer[Any]):
    text = serializers.CharField()
    version = serializers.IntegerField()


class Owners(PortalView):
    serializer_class = OwnersOut

    @operation(
        "owners_read",
        "Read who owns what of a system",
        tag=TAG,
        gives=OwnersOut,
        versioned=True,
    )
    def get(self, request: Request, system: str) -> Response:
        read_query(Nothing, request)
        row = owners_map(self.actor, system_get(self.actor, system).pk)
        answer = self.one(OwnersOut, row)
        answer["ETag"] = f'"{row.version}"'
        return answer

    @operation(
        "owners_set",
        "Say who owns what of a system",
        tag=TAG,
        takes=OwnersIn,
        gives=OwnersOut,
        edits=True,
        description=(
            "Lines of a pattern and a team, as in CODEOWNERS: the last one that fits counts. A pattern "
            "that begins with `pkg:` is about packages. A worker then goes through the findings; "
            "owners that a rule or a person set stay."
        ),
        example={"text": "*  @team-payments\n/infra/  @team-platform\n"},
    )
    def patch(self, request: Request, system: str) -> Response:
        row = system_get(self.actor, system)
        version = expected_version(request)
        text = read_body(OwnersIn, request)["text"]
        kept = owners_set(actor=self.actor, system=row, text=text, version=version)
        return self.one(OwnersOut, kept)
