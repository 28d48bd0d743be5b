"""The words that mean the same: what the portal brings, and the organisation's own lines."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.views import expected_version
from apps.guidance.models import OwnVocabulary
from apps.guidance.services_words import MOST_LINES, own_words_set
from apps.guidance.vocabulary import lines_given, own_words

TAG = "Guidance"


class VocabularyIn(Input):
    lines = serializers.ListField(
        child=serializers.CharField(max_length=500),
        max_length=MOST_LINES,
        help_text="All of the organisation's own: one meaning a line, its terms between commas.",
    )


class VocabularyOut(serializers.Serializer[Any]):
    """Lines of terms that mean the same to search and suggestions."""

    lines = serializers.ListField(
        child=serializers.CharField(), help_text="The organisation's own."
    )
    brought = serializers.SerializerMethodField(help_text="Those that the portal brings.")
    version = serializers.IntegerField()

    def get_brought(self, _row: OwnVocabulary) -> list[str]:
        return list(lines_given())


class VocabularyView(PortalView):
    serializer_class = VocabularyOut

    @operation(
        "vocabulary_read",
        "Read the words that mean the same",
        tag=TAG,
        gives=VocabularyOut,
        versioned=True,
        description="For those who write guidance.",
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        require(self.actor, Permission.GUIDANCE_EDIT)
        return self.one(VocabularyOut, own_words())

    @operation(
        "vocabulary_set",
        "Set the organisation's own lines",
        tag=TAG,
        takes=VocabularyIn,
        gives=VocabularyOut,
        edits=True,
        description="All of them at once; search and suggestions know them from then on. For those who write guidance.",
        example={"lines": ["booking engine, Tern, reservation core"]},
    )
    def patch(self, request: Request) -> Response:
        require(self.actor, Permission.GUIDANCE_EDIT)
        version = expected_version(request)
        lines = read_body(VocabularyIn, request)["lines"]
        return self.one(
            VocabularyOut, own_words_set(actor=self.actor, version=version, lines=lines)
        )
