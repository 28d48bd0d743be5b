from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.catalog.stages import Stage
from apps.common.api.inputs import Input
from apps.common.api.outputs import PersonOut, SystemRefOut, money
from apps.planning.models import ItemKind, ItemOrigin, ItemStatus, SavedFilter
from apps.planning.selectors import FILTERS

LONG = 50_000


class ItemQuery(Input):
    system = serializers.CharField(max_length=60, required=False, help_text="A system's key.")
    stage = serializers.ChoiceField(choices=Stage.choices, required=False)
    status = serializers.ChoiceField(choices=ItemStatus.choices, required=False)
    kind = serializers.ChoiceField(choices=ItemKind.choices, required=False)
    origin = serializers.ChoiceField(
        choices=ItemOrigin.choices, required=False, help_text="tracker: mirrored from an issue."
    )
    q = serializers.CharField(
        max_length=200, required=False, help_text="In the title or the tracker's key."
    )


class ItemIn(Input):
    """The fields that may be edited."""

    title = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(choices=ItemKind.choices, required=False)
    stage = serializers.ChoiceField(choices=Stage.choices, required=False)
    status = serializers.ChoiceField(choices=ItemStatus.choices, required=False)
    question = serializers.CharField(
        max_length=LONG,
        allow_blank=True,
        required=False,
        help_text="Markdown: what is being decided, and why now.",
    )
    tracker_key = serializers.CharField(max_length=80, allow_blank=True, required=False)
    tracker_url = serializers.URLField(max_length=500, allow_blank=True, required=False)


class NewItemIn(ItemIn):
    system = serializers.CharField(max_length=60, help_text="The system's key.")


class ItemOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    system = SystemRefOut()
    title = serializers.CharField()
    kind = serializers.CharField()
    stage = serializers.CharField()
    status = serializers.CharField()
    question = serializers.CharField()
    tracker_key = serializers.CharField()
    tracker_url = serializers.CharField()
    created_by = PersonOut(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class ItemRowOut(ItemOut):
    """An item as lists show it."""

    option_count = serializers.IntegerField()
    open_question_count = serializers.IntegerField()


class OptionIn(Input):
    title = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=LONG, allow_blank=True, required=False)
    cost_once = money(min_value=0, allow_null=True, required=False)
    cost_yearly = money(min_value=0, allow_null=True, required=False)
    is_baseline = serializers.BooleanField(
        required=False, help_text="What the others are compared with; one option of an item is."
    )
    is_do_nothing = serializers.BooleanField(required=False)


class OptionEditIn(OptionIn):
    position = serializers.IntegerField(min_value=0, max_value=1000, required=False)


class OptionOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    item = serializers.CharField(source="item.key")
    title = serializers.CharField()
    description = serializers.CharField()
    cost_once = money(allow_null=True)
    cost_yearly = money(allow_null=True)
    is_baseline = serializers.BooleanField()
    is_do_nothing = serializers.BooleanField()
    position = serializers.IntegerField()
    version = serializers.IntegerField()


class OptionRefOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField()


class BodyIn(Input):
    """A question or an answer."""

    body = serializers.CharField(max_length=LONG, help_text="Markdown.")


class AskIn(BodyIn):
    """A question about a thing that is named by its key."""

    about = serializers.CharField(
        max_length=80,
        required=False,
        allow_blank=True,
        default="",
        help_text="PI-7, RS-12, G-3, C-4, AU-5, F-812 (a finding), O-9 (an option) or a system's key. Its "
        "people read it and are told. Empty: everybody who uses the portal.",
    )


NAMES = "People that the body calls by `@name`: those told of it, as they were when it was written."


class AnswerOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    body = serializers.CharField()
    names = serializers.ListField(child=serializers.CharField(), help_text=NAMES)
    answered_by = PersonOut(allow_null=True)
    answered_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)


class QuestionQuery(Input):
    waiting = serializers.BooleanField(
        required=False, help_text="true: only those that nobody answered yet."
    )


class QuestionOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    item = serializers.CharField(source="item.key", allow_null=True, default=None)
    guidance = serializers.CharField(source="guidance.key", allow_null=True, default=None)
    system = serializers.SlugField(
        source="of_system.key", allow_null=True, default=None, help_text="Whose people read it."
    )
    about = serializers.CharField(
        allow_blank=True,
        help_text="The key of what it was asked about beyond its item or system: RS-12, F-812.",
    )
    body = serializers.CharField()
    names = serializers.ListField(child=serializers.CharField(), help_text=NAMES)
    asked_by = PersonOut(allow_null=True)
    asked_at = serializers.DateTimeField()
    answers = AnswerOut(many=True)


class RevisitIn(Input):
    reason = serializers.CharField(
        max_length=500, default="", allow_blank=True, help_text="It stands with the decision."
    )


class RecommendationIn(Input):
    option = serializers.IntegerField(
        min_value=1,
        allow_null=True,
        default=None,
        help_text="An option's number; null: advice on the item as a whole.",
    )
    reason = serializers.CharField(max_length=LONG)


class RecommendationOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    option = OptionRefOut(allow_null=True)
    reason = serializers.CharField()
    made_by = PersonOut(allow_null=True)
    made_at = serializers.DateTimeField()


class SavedFilterFields(Input):
    """What the list of items is narrowed to, and how it is shown; what is left out asks for nothing."""

    system = serializers.CharField(max_length=60, required=False, help_text="A system's key.")
    stage = serializers.ChoiceField(choices=Stage.choices, required=False)
    status = serializers.ChoiceField(choices=ItemStatus.choices, required=False)
    kind = serializers.ChoiceField(choices=ItemKind.choices, required=False)
    origin = serializers.ChoiceField(
        choices=ItemOrigin.choices, required=False, help_text="tracker: mirrored from an issue."
    )
    q = serializers.CharField(max_length=200, required=False)
    view = serializers.ChoiceField(choices=[("board", "board")], required=False)


class SavedFilterIn(Input):
    name = serializers.CharField(max_length=60)
    filter = SavedFilterFields()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The filter as the query of the list's address, which is how it is kept."""
        wanted = {name: attrs["filter"].get(name, "") for name in FILTERS}
        if not any(wanted.values()):
            raise serializers.ValidationError({"filter": "Narrow the list by something."})
        query = urlencode({name: value for name, value in wanted.items() if value})
        return {"name": attrs["name"], "query": query}


class SavedFilterOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    filter = serializers.SerializerMethodField()
    address = serializers.SerializerMethodField(help_text="Of the page that it filters.")

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
    def get_filter(self, saved: SavedFilter) -> dict[str, str]:
        return dict(parse_qsl(saved.query))

    def get_address(self, saved: SavedFilter) -> str:
        return f"{settings.BASE_URL}/planning/?{saved.query}"
