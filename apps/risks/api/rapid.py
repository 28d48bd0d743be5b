"""The rapid risk assessment, for whoever asks its questions elsewhere."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.catalog.selectors import system_get
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, read_body
from apps.common.api.views import idempotent
from apps.common.errors import Invalid
from apps.planning.api.serializers import ItemOut
from apps.planning.selectors import item_get
from apps.risks.services.rapid import MOST_ACTIONS, Happening, rapid_assess

MOST_HAPPENINGS = 10


class HappeningIn(Input):
    text = serializers.CharField(max_length=500, help_text="What could happen, and to whom.")
    likelihood = serializers.IntegerField(
        min_value=1, max_value=5, default=3, help_text="Level of the organisation's own scale."
    )
    impact = serializers.IntegerField(min_value=1, max_value=5, default=3)


class RapidIn(Input):
    title = serializers.CharField(max_length=150)
    information = serializers.CharField(max_length=1000, help_text="What data it holds or sees.")
    happenings = serializers.ListField(
        child=serializers.DictField(),
        min_length=1,
        max_length=MOST_HAPPENINGS,
        help_text="What could happen: `text`, `likelihood` and `impact` (levels 1 to 5, else 3).",
    )
    actions = serializers.ListField(
        child=serializers.CharField(max_length=200),
        max_length=MOST_ACTIONS,
        default=list,
        help_text="What could be done: each becomes an option beside doing nothing.",
    )


class RapidAssessment(PortalView):
    serializer_class = ItemOut

    @operation(
        "rapid_assessment_make",
        "Make drafts of a rapid risk assessment",
        tag="Risks",
        takes=RapidIn,
        gives=ItemOut,
        status=201,
        repeatable=True,
        versioned=True,
        description="A planning item with an option to do nothing and one for each action, and a draft "
        "statement for each thing that could happen; all of it or nothing.",
        example={
            "title": "Guest check-in",
            "information": "Names and passport numbers.",
            "happenings": [
                {"text": "guests read the bookings of others", "likelihood": 4, "impact": 2}
            ],
            "actions": ["Check the owner of a booking"],
        },
    )
    @idempotent
    def post(self, request: Request, system: str) -> Response:
        row = system_get(self.actor, system)
        given = read_body(RapidIn, request)
        read = HappeningIn(data=given["happenings"], many=True)
        if not read.is_valid():
            raise serializers.ValidationError({"happenings": read.errors})
        try:
            made = rapid_assess(
                actor=self.actor,
                system=row,
                title=given["title"],
                data=given["information"],
                happenings=[Happening(**each) for each in read.validated_data],
                actions=given["actions"],
            )
        except Invalid as error:  # the form has a field for each
            named = {
                ("happenings" if "_" in key else key): told for key, told in error.fields.items()
            }
            raise Invalid(named) from error
        item = item_get(self.actor, made.pk)
        return self.one(ItemOut, item, 201, location=f"/api/v1/items/{item.key}")
