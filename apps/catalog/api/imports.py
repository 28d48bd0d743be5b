"""Backstage's catalogue becomes systems and components."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.catalog.backstage import LARGEST, read_catalogue
from apps.catalog.imports import catalogue_import, catalogue_plan
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, read_body
from apps.common.api.views import idempotent


class BackstageIn(Input):
    text = serializers.CharField(
        max_length=LARGEST, help_text="catalog-info.yaml, one or more documents."
    )
    preview = serializers.BooleanField(default=False, help_text="Only say what would be made.")


class BackstageEntityOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    system = serializers.CharField(help_text="Empty for a system.")
    owner = serializers.CharField(help_text="Key of the team; who is not known here is left out.")
    repository = serializers.CharField()


class BackstageOut(serializers.Serializer[Any]):
    systems = BackstageEntityOut(many=True)
    components = BackstageEntityOut(many=True)
    known = serializers.IntegerField(help_text="There already; left as they are.")
    left_out = serializers.ListField(child=serializers.CharField())


class BackstageImport(PortalView):
    serializer_class = BackstageOut

    @operation(
        "backstage_import",
        "Take over systems and components from Backstage",
        tag="Systems",
        takes=BackstageIn,
        gives=BackstageOut,
        repeatable=True,
        description="Systems, components and resources that are not there yet, all or none. "
        "What is there already is left as it is, so that the same file may come again.",
        example={
            "text": "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {name: payments}\n",
            "preview": True,
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        require(self.actor, Permission.SYSTEM_MANAGE)
        given = read_body(BackstageIn, request)
        catalogue = read_catalogue(given["text"])
        act = catalogue_plan if given["preview"] else catalogue_import
        return self.one(BackstageOut, act(actor=self.actor, catalogue=catalogue))
