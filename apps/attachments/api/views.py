"""Pictures in texts, over the API."""

import hashlib
import uuid
from typing import Any

from django.conf import settings
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.attachments.answers import file_answer
from apps.attachments.models import Attachment
from apps.attachments.selectors import attachment_get
from apps.attachments.services.attachments import attachment_add, attachment_remove
from apps.catalog.selectors import system_get
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.outputs import PersonOut
from apps.common.api.parsers import TooLarge
from apps.common.api.views import once

TAG = "Attachments"
FORM_OVERHEAD = 64 * 1024  # of a multipart body around its file
BODY = {
    "multipart/form-data": {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "system": {
                "type": "string",
                "description": "Its key: for texts of this system. Absent: for the guidance library.",
            },
        },
    },
}
ADDING = """\
PNG, JPEG, WebP or GIF as the part `file` of a multipart form. The picture is decoded and drawn anew:
metadata is left out, of an animation the first frame stays, and more than 3840 pixels on an edge are
made smaller. Put `markdown` into a text, with words between the brackets for those who do not see it.
What no text names for 30 days is removed.
"""


class AttachmentIn(Input):
    system = serializers.CharField(max_length=60, default="", allow_blank=True)
    file = serializers.FileField()


class AttachmentOut(serializers.Serializer[Any]):
    """A picture that texts of its system, or of the library, may show."""

    uid = serializers.UUIDField()
    system = serializers.SerializerMethodField(help_text="Its key; empty: the library's.")
    markdown = serializers.CharField(help_text="To put into a text.")
    media_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    width = serializers.IntegerField(help_text="Pixels.")
    height = serializers.IntegerField(help_text="Pixels.")
    created_by = PersonOut(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_system(self, row: Attachment) -> str:
        return row.system.key if row.system else ""


class Attachments(PortalView):
    serializer_class = AttachmentOut
    parser_classes = (MultiPartParser,)

    @operation(
        "attachments_add",
        "Add a picture for texts",
        tag=TAG,
        takes=BODY,
        gives=AttachmentOut,
        status=201,
        repeatable=True,
        description=ADDING,
    )
    def post(self, request: Request) -> Response:
        announced = request.META.get("CONTENT_LENGTH") or "0"
        if int(announced) > settings.SECOPS_MAX_IMAGE_BYTES + FORM_OVERHEAD:
            raise TooLarge  # unread
        given = read_body(AttachmentIn, request)
        digest = hashlib.file_digest(given["file"], "sha256").digest()
        sent = digest + given["system"].encode()

        def work() -> Response:
            system = system_get(self.actor, given["system"]) if given["system"] else None
            row = attachment_add(actor=self.actor, system=system, file=given["file"])
            shown = attachment_get(self.actor, row.uid)
            return self.one(AttachmentOut, shown, 201)

        return once(self, request, sent, work)


class OneAttachment(PortalView):
    serializer_class = AttachmentOut

    @operation("attachments_read", "Read what a picture is", tag=TAG, gives=AttachmentOut)
    def get(self, request: Request, attachment: uuid.UUID) -> Response:
        read_query(Nothing, request)
        return self.one(AttachmentOut, attachment_get(self.actor, attachment))

    @operation(
        "attachments_remove",
        "Remove a picture at once",
        tag=TAG,
        status=204,
        description=(
            "For who added it, and for those who manage its system, such as when it shows a secret. Texts that "
            "name it show its words instead. Backups made before still hold it."
        ),
    )
    def delete(self, request: Request, attachment: uuid.UUID) -> Response:
        attachment_remove(actor=self.actor, attachment=attachment_get(self.actor, attachment))
        return Response(status=204)


class AttachmentContent(PortalView):
    serializer_class = AttachmentOut

    @operation(
        "attachments_content",
        "Download a picture",
        tag=TAG,
        gives=OpenApiTypes.BINARY,
        media="image/*",
    )
    def get(self, request: Request, attachment: uuid.UUID) -> FileResponse:
        read_query(Nothing, request)
        return file_answer(attachment_get(self.actor, attachment))

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        """Whatever the client accepts, it gets the bytes."""
        return super().perform_content_negotiation(request, force=True)
