"""Controls over HTTP: what they are, what they do to risks, and what that is worth."""

import re
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actors import Actor
from apps.accounts.api.views import PortalListView, PortalView
from apps.accounts.models import Team
from apps.catalog.api.inputs import system_named
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import expected_version, idempotent
from apps.common.errors import Invalid, Missing
from apps.controls.api.serializers import (
    ControlChange,
    ControlEntryIn,
    ControlEntryOut,
    ControlQuery,
    EffectIn,
    WhatIfOut,
    WhatIfQuery,
    WorthOut,
)
from apps.controls.models import Control
from apps.controls.selectors import ControlFilter, control_get, controls_list, effect_get
from apps.controls.services.controls import (
    ControlInput,
    EffectInput,
    control_create,
    control_edit,
    effect_remove,
    effect_set,
)
from apps.controls.worth import picture_of, whole_of
from apps.guidance.selectors import guidance_get
from apps.risks.selectors import statement_get

TAG = "Controls"
_KEY = re.compile(r"(?:C-)?([0-9]{1,18})", re.IGNORECASE)


class Controls(PortalListView):
    serializer_class = ControlEntryOut

    @operation(
        "controls_list",
        "List controls with what they do to which risk",
        tag=TAG,
        query=ControlQuery,
        gives=ControlEntryOut(many=True),
    )
    def get(self, request: Request) -> Response:
        wanted = ControlFilter(**read_query(ControlQuery, request))
        return self.page(ControlEntryOut, _told(controls_list(self.actor, wanted)), "name", "id")

    @operation(
        "controls_create",
        "Write a control down",
        tag=TAG,
        takes=ControlEntryIn,
        gives=ControlEntryOut,
        status=201,
        repeatable=True,
        example={
            "system": "payments",
            "name": "Multi-factor sign-in for staff",
            "status": "planned",
            "cost_once": "12000.00",
            "years": "4",
            "cost_yearly_low": "6000.00",
            "cost_yearly_high": "9000.00",
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(ControlEntryIn, request)
        system = system_named(self.actor, given.pop("system"))
        made = control_create(
            actor=self.actor, system=system, content=ControlInput(**_named(self.actor, given))
        )
        return self.one(ControlEntryOut, control_get(self.actor, made.pk), 201)


def _told(rows: QuerySet[Control]) -> QuerySet[Control]:
    return rows.prefetch_related("effects__statement")


def _named(actor: Actor, given: dict[str, Any]) -> dict[str, Any]:
    """Keys as what they name. Raises: Invalid."""
    named = dict(given)
    if given["owner"]:
        named["owner"] = Team.objects.filter(key=given["owner"]).first()
        if named["owner"] is None:
            raise Invalid({"owner": f"There is no team {given['owner']!r}."})
    if given["guidance"]:
        try:
            named["guidance"] = guidance_get(actor, given["guidance"])
        except Missing as error:
            raise Invalid({"guidance": error.message}) from error
    return named


def _said(row: Control) -> dict[str, Any]:
    """What the control says now, as a caller would have sent it."""
    names = set(ControlChange().fields) - {"owner", "guidance"}
    return {name: getattr(row, name) for name in names} | {
        "owner": row.owner.key if row.owner else None,
        "guidance": row.guidance_id,
    }


class OneControl(PortalView):
    serializer_class = ControlEntryOut

    @operation("controls_read", "Read a control", tag=TAG, gives=ControlEntryOut, versioned=True)
    def get(self, request: Request, control: int) -> Response:
        read_query(Nothing, request)
        return self.one(ControlEntryOut, control_get(self.actor, control))

    @operation(
        "controls_edit",
        "Change a control",
        tag=TAG,
        takes=ControlChange,
        gives=ControlEntryOut,
        edits=True,
        description="What is left out stays. Another status values the risks that it covers anew.",
        example={"status": "in_place"},
    )
    def patch(self, request: Request, control: int) -> Response:
        row = control_get(self.actor, control)
        version = expected_version(request)
        given = read_body(ControlChange, request, partial=True)
        content = ControlInput(**_named(self.actor, _said(row) | given))
        control_edit(actor=self.actor, control=row, version=version, content=content)
        return self.one(ControlEntryOut, control_get(self.actor, control))


class ControlEffects(PortalView):
    serializer_class = ControlEntryOut

    @operation(
        "control_effects_set",
        "Say what a control takes away of a risk",
        tag=TAG,
        takes=EffectIn,
        gives=ControlEntryOut,
        repeatable=True,
        description="In place of what was said before. Of a control in place, the risk is valued anew.",
        example={
            "statement": "RS-7",
            "frequency_low": "0.5",
            "frequency_mode": "0.8",
            "frequency_high": "0.95",
            "rationale": "Two years of sign-in logs before and after.",
        },
    )
    @idempotent
    def post(self, request: Request, control: int) -> Response:
        row = control_get(self.actor, control)
        given = read_body(EffectIn, request)
        try:
            statement = statement_get(self.actor, given.pop("statement"))
        except Missing as error:
            raise Invalid({"statement": error.message}) from error
        effect_set(actor=self.actor, control=row, statement=statement, content=EffectInput(**given))
        return self.one(ControlEntryOut, control_get(self.actor, control))


class OneEffect(PortalView):
    @operation(
        "control_effects_remove", "Say that a control does not cover a risk", tag=TAG, status=204
    )
    def delete(self, request: Request, control: int, statement: int) -> Response:
        effect = effect_get(self.actor, control_get(self.actor, control), statement)
        if effect is None:
            raise Missing(f"C-{control} does nothing to RS-{statement}.")
        effect_remove(actor=self.actor, effect=effect)
        return Response(status=204)


class WorthOfControl(PortalView):
    serializer_class = WorthOut

    @operation(
        "control_worth_read",
        "Read what a control is worth, over all risks and against each",
        tag=TAG,
        gives=WorthOut,
        description="As if it were in place, beside whatever else is in place.",
    )
    def get(self, request: Request, control: int) -> Response:
        read_query(Nothing, request)
        whole, lines = whole_of(self.actor, control_get(self.actor, control))
        return Response(WorthOut({"whole": whole, "risks": lines}).data)


class ControlsOfStatement(PortalView):
    serializer_class = WhatIfOut

    @operation(
        "statement_controls_read",
        "Read a risk with and without its controls",
        tag=TAG,
        query=WhatIfQuery,
        gives=WhatIfOut,
        description="On the same simulated years; `without` is null where no control is named.",
    )
    def get(self, request: Request, statement: int) -> Response:
        asked = read_query(WhatIfQuery, request).get("on")
        row = statement_get(self.actor, statement)
        picture = picture_of(self.actor, row, None if asked is None else _keys(asked))
        told = {
            "without": picture and picture.without,
            "treated": picture and picture.treated,
            "controls": picture.lines if picture else [],
        }
        return Response(WhatIfOut(told).data)


def _keys(text: str) -> list[int]:
    """Raises: Invalid."""
    found = []
    for word in filter(None, (each.strip() for each in text.split(","))):
        match = _KEY.fullmatch(word)
        if match is None:
            raise Invalid({"on": f"{word!r} is no key; they look like C-3."})
        found.append(int(match[1]))
    return found
