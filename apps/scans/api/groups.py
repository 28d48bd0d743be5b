"""The same weakness as several tools see it."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import read_query
from apps.scans.api.findings import asked_for
from apps.scans.api.serializers import FindingQuery, SeverityField
from apps.scans.selectors_groups import MOST, groups_list


class GroupQuery(FindingQuery):
    several = serializers.BooleanField(
        default=True, help_text="false: also what a single tool sees."
    )


class FindingGroupOut(serializers.Serializer[Any]):
    """A vulnerability of a package, or a weakness at a line, of one system."""

    system = serializers.CharField(source="system_key")
    weakness = serializers.CharField(help_text="CVE-2021-44228, CWE-89")
    place = serializers.CharField(help_text="A package URL without version, or path:line.")
    severity = SeverityField(help_text="The worst that a tool says.")
    sightings = serializers.IntegerField(help_text="Findings.")
    tools = serializers.ListField(child=serializers.CharField())
    finding = serializers.IntegerField(source="finding_id", help_text="The first one.")


class FindingGroups(PortalView):
    serializer_class = FindingGroupOut

    @operation(
        "finding_groups",
        "List what several tools see, the worst first",
        tag="Findings",
        query=GroupQuery,
        gives=FindingGroupOut(many=True),
        description=f"Of the findings that the filter finds; at most {MOST} groups.",
    )
    def get(self, request: Request) -> Response:
        given = read_query(GroupQuery, request)
        several = given.pop("several")
        found = groups_list(self.actor, asked_for(given), several=several)
        return Response(FindingGroupOut(found, many=True).data)
