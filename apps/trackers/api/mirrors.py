"""Issues that become planning items: the mirror of a tracker, and where an item comes from."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actors import Actor
from apps.accounts.api.views import PortalView
from apps.catalog.api.inputs import with_system
from apps.catalog.models import System
from apps.catalog.selectors import system_get
from apps.catalog.stages import Stage
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body
from apps.common.api.outputs import SystemRefOut
from apps.common.api.views import expected_version, idempotent
from apps.common.errors import Conflict, Invalid, Missing
from apps.common.outgoing import OutgoingFailed
from apps.planning.api.serializers import ItemOut
from apps.planning.models import ItemKind
from apps.planning.selectors import item_get
from apps.trackers.models import Mirror, Tracker
from apps.trackers.selectors import mirror_of, mirrored_count, origin_of_item, tracker_get
from apps.trackers.services.mirrored import mirrored_take_over
from apps.trackers.services.mirrors import mirror_run_now, mirror_save, mirror_try
from apps.trackers.services.telling import tell_again

TAG = "Trackers"


class MirrorRouteIn(Input):
    label = serializers.CharField(  # type: ignore[assignment]  # a field, not this serializer's own
        max_length=100, help_text="In Jira: or a component."
    )
    system = serializers.CharField(max_length=60, help_text="The system's key.")


class MirrorIn(Input):
    on = serializers.BooleanField(source="is_on")
    rule = serializers.CharField(
        max_length=1000,
        allow_blank=True,
        help_text="Labels that are all there, parted by commas; in Jira: JQL within the project.",
    )
    system = serializers.CharField(
        max_length=60, allow_null=True, help_text="Where no route names one; null: none."
    )
    routes = serializers.ListField(child=MirrorRouteIn(), max_length=50)
    kind = serializers.ChoiceField(choices=ItemKind.choices)
    stage = serializers.ChoiceField(choices=Stage.choices)
    tells_decisions = serializers.BooleanField(
        default=False, help_text="Write decisions on these items as comments on their issues."
    )


class MirrorRouteOut(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not this serializer's own
    system = SystemRefOut()


class MirrorOut(serializers.Serializer[Any]):
    """Which issues of a tracker become planning items, and what the last run did."""

    on = serializers.BooleanField(source="is_on")
    rule = serializers.CharField()
    system = SystemRefOut(allow_null=True)
    routes = MirrorRouteOut(many=True, source="routes_said")
    kind = serializers.CharField()
    stage = serializers.CharField()
    tells_decisions = serializers.BooleanField()
    mirrored = serializers.IntegerField(help_text="How many items come from this tracker.")
    last_run_at = serializers.DateTimeField(allow_null=True)
    last_success_at = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField()
    last_new = serializers.IntegerField()
    last_followed = serializers.IntegerField()
    last_left_out = serializers.IntegerField()
    version = serializers.IntegerField()


class MirrorTrialOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    url = serializers.CharField()
    title = serializers.CharField()
    system = SystemRefOut(allow_null=True, help_text="Of the item that would be made.")
    item = serializers.CharField(
        source="item.key", allow_null=True, default=None, help_text="One that refers to it already."
    )
    why_not = serializers.CharField(help_text="Why it is left out; empty: it is not.")


class MirrorTrialsOut(serializers.Serializer[Any]):
    works = serializers.BooleanField()
    message = serializers.CharField(help_text="What is wrong, in a sentence; empty: nothing.")
    issues = MirrorTrialOut(many=True)
    mirrored = serializers.IntegerField(help_text="Issues that are mirrored already.")
    has_more = serializers.BooleanField()


class DecisionCommentOut(serializers.Serializer[Any]):
    decision = serializers.IntegerField(source="decision_id")
    what = serializers.CharField(help_text="recorded, undone or expired.")
    state = serializers.CharField(help_text="queued, sending, sent or failed.")
    body = serializers.CharField(help_text="What leaves.")
    error = serializers.CharField()
    sent_at = serializers.DateTimeField(allow_null=True)


class ItemOriginOut(serializers.Serializer[Any]):
    """The issue that a planning item comes from, as the tracker had it last."""

    tracker = serializers.CharField(source="link.tracker.name")
    key = serializers.CharField(source="link.key")
    url = serializers.CharField(source="link.web_url")
    title = serializers.CharField(source="link.title")
    text = serializers.CharField(source="link.text", help_text="Markdown.")
    is_closed = serializers.BooleanField(source="link.is_closed")
    changed_at = serializers.DateTimeField(source="link.changed_at", allow_null=True)
    gone_at = serializers.DateTimeField(
        source="link.gone_at", allow_null=True, help_text="Since when it is no longer there."
    )
    differs_in = serializers.ListField(
        child=serializers.CharField(), help_text="Of title and question, what says otherwise here."
    )
    comments = DecisionCommentOut(many=True, help_text="What is told there of its decisions.")


def _with_routes(actor: Actor, said: dict[str, Any]) -> dict[str, Any]:
    """Raises: Invalid, also for a system that is out of sight."""
    said = with_system(actor, said)
    if "routes" not in said:
        return said
    found = dict[str, System]()
    for each in said["routes"]:
        try:
            system = system_get(actor, each["system"])
        except Missing as error:
            raise Invalid({"routes": error.message}) from error
        if each["label"] in found:
            raise Invalid({"routes": "Each label once."})
        found[each["label"]] = system
    return said | {"routes": found}


def _known(mirror: Mirror) -> dict[str, Any]:
    names = ("is_on", "rule", "system", "kind", "stage", "tells_decisions")
    return {name: getattr(mirror, name) for name in names} | {
        "routes": {each.label: each.system for each in mirror.routes_said}
    }


class TrackerMirror(PortalView):
    serializer_class = MirrorOut

    @operation(
        "trackers_mirror_read",
        "Read which issues become planning items",
        tag=TAG,
        gives=MirrorOut,
        versioned=True,
    )
    def get(self, request: Request, tracker: int) -> Response:
        return self._answer(tracker_get(self.actor, tracker))

    @operation(
        "trackers_mirror_edit",
        "Say which issues become planning items",
        tag=TAG,
        takes=MirrorIn,
        gives=MirrorOut,
        edits=True,
        description=(
            "A worker reads them every five minutes, and at once where the tracker's webhook tells of "
            "changes. Another rule reads all open issues that it finds; what is mirrored stays."
        ),
        example={"on": True, "rule": "planning", "system": "payments"},
    )
    def patch(self, request: Request, tracker: int) -> Response:
        row = tracker_get(self.actor, tracker)
        version = expected_version(request)
        given = _with_routes(self.actor, read_body(MirrorIn, request, partial=True))
        known = _known(mirror_of(self.actor, row))
        mirror_save(actor=self.actor, tracker=row, version=version, **known | given)
        return self._answer(row)

    def _answer(self, tracker: Tracker) -> Response:
        mirror = mirror_of(self.actor, tracker)
        mirror.mirrored = mirrored_count(self.actor, tracker)  # type: ignore[attr-defined]
        return self.one(MirrorOut, mirror)


class TrackerMirrorTry(PortalView):
    serializer_class = MirrorTrialsOut

    @operation(
        "trackers_mirror_try",
        "See which issues would become planning items",
        tag=TAG,
        takes=MirrorIn,
        gives=MirrorTrialsOut,
        repeatable=True,
        description=(
            "Asks the tracker and writes nothing. At most 20 open issues; what the body leaves out is as it "
            "is said of the mirror now."
        ),
        example={"rule": "planning, epic"},
    )
    @idempotent
    def post(self, request: Request, tracker: int) -> Response:
        row = tracker_get(self.actor, tracker)
        given = _with_routes(self.actor, read_body(MirrorIn, request, partial=True))
        said = _known(mirror_of(self.actor, row)) | given
        try:
            found = mirror_try(actor=self.actor, tracker=row, **said)
        except (OutgoingFailed, Conflict) as error:
            told = {"works": False, "message": error.message, "issues": []}
            return self.one(MirrorTrialsOut, told | {"mirrored": 0, "has_more": False})
        told = {"works": True, "message": "", "issues": found.rows}
        told |= {"mirrored": found.mirrored, "has_more": found.has_more}
        return self.one(MirrorTrialsOut, told)


class TrackerMirrorRun(PortalView):
    serializer_class = MirrorOut

    @operation(
        "trackers_mirror_run",
        "Have the issues read now",
        tag=TAG,
        status=202,
        repeatable=True,
        description="A worker does it; read the mirror for what came of it. 409 while it is off.",
    )
    @idempotent
    def post(self, request: Request, tracker: int) -> Response:
        read_body(Nothing, request)
        mirror_run_now(actor=self.actor, tracker=tracker_get(self.actor, tracker))
        return Response(status=202)


class ItemOrigin(PortalView):
    serializer_class = ItemOriginOut

    @operation(
        "items_tracker_read",
        "Read the issue that a planning item comes from",
        tag=TAG,
        gives=ItemOriginOut,
        description="404 for an item that was written in the portal.",
    )
    def get(self, request: Request, item: int) -> Response:
        origin = origin_of_item(self.actor, item_get(self.actor, item))
        if origin is None:
            raise Missing("This item comes from no tracker.")
        return self.one(ItemOriginOut, origin)


class ItemTakeOver(PortalView):
    serializer_class = ItemOut

    @operation(
        "items_tracker_take_over",
        "Give a planning item the tracker's title and text again",
        tag=TAG,
        gives=ItemOut,
        repeatable=True,
        versioned=True,
        description="From then on the item follows the tracker, until somebody edits it again.",
    )
    @idempotent
    def post(self, request: Request, item: int) -> Response:
        read_body(Nothing, request)
        row = item_get(self.actor, item)
        mirrored_take_over(actor=self.actor, item=row, version=None)
        return self.one(ItemOut, item_get(self.actor, item))


class ItemTellAgain(PortalView):
    serializer_class = ItemOriginOut

    @operation(
        "items_tracker_tell_again",
        "Send again what did not arrive of an item's decisions",
        tag=TAG,
        gives=ItemOriginOut,
        status=202,
        repeatable=True,
        description="Where it is not known whether a comment arrived, look at the issue first.",
    )
    @idempotent
    def post(self, request: Request, item: int) -> Response:
        read_body(Nothing, request)
        row = item_get(self.actor, item)
        tell_again(actor=self.actor, item=row)
        return self.one(ItemOriginOut, origin_of_item(self.actor, row), 202)
