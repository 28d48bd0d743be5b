"""One's own notices, and how to be told."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.outputs import SystemRefOut
from apps.common.api.views import idempotent
from apps.notices.kinds import NoticeKind
from apps.notices.models import MailEvery, Notice
from apps.notices.selectors import notices_list, wish_of
from apps.notices.services.reading import notice_read, notices_read_all, wish_set
from apps.notices.words import words_of

TAG = "Notices"
NEWEST = ("-created_at", "-id")
KINDS = ", ".join(NoticeKind.values)


class NoticeQuery(Input):
    unread = serializers.BooleanField(default=False)


class NoticeOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.CharField(help_text=f"One of: {KINDS}.")
    title = serializers.SerializerMethodField()
    text = serializers.SerializerMethodField()
    system = SystemRefOut(allow_null=True)
    url = serializers.CharField(source="path", help_text="Where to read on.")
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)

    def get_title(self, notice: Notice) -> str:
        return words_of(notice).title

    def get_text(self, notice: Notice) -> str:
        return words_of(notice).text


class Notices(PortalListView):
    serializer_class = NoticeOut

    @operation(
        "notices_list",
        "List your notices, the newest first",
        tag=TAG,
        query=NoticeQuery,
        gives=NoticeOut(many=True),
    )
    def get(self, request: Request) -> Response:
        wanted = read_query(NoticeQuery, request)
        return self.page(NoticeOut, notices_list(self.actor, unread=wanted["unread"]), *NEWEST)


class ReadIn(Input):
    is_read = serializers.BooleanField(default=True, help_text="false: unread again.")


class ReadNotice(PortalView):
    serializer_class = NoticeOut

    @operation(
        "notices_read",
        "Mark a notice as read",
        tag=TAG,
        takes=ReadIn,
        gives=NoticeOut,
        repeatable=True,
        example={"is_read": True},
    )
    @idempotent
    def post(self, request: Request, notice: int) -> Response:
        is_read = read_body(ReadIn, request)["is_read"]
        return self.one(NoticeOut, notice_read(actor=self.actor, pk=notice, is_read=is_read))


class ThroughIn(Input):
    through = serializers.IntegerField(
        min_value=1, help_text="The highest id that was read: what came later stays unread."
    )


class ReadCountOut(serializers.Serializer[Any]):
    read = serializers.IntegerField()


class ReadNotices(PortalView):
    serializer_class = ReadCountOut

    @operation(
        "notices_read_all",
        "Mark all notices as read",
        tag=TAG,
        takes=ThroughIn,
        gives=ReadCountOut,
        repeatable=True,
        example={"through": 4711},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        through = read_body(ThroughIn, request)["through"]
        return Response({"read": notices_read_all(actor=self.actor, through=through)})


class NoticeWishOut(serializers.Serializer[Any]):
    """How you are told: what is neither hidden nor unmailed comes both ways."""

    hidden = serializers.ListField(child=serializers.CharField())
    unmailed = serializers.ListField(child=serializers.CharField())
    mail_every = serializers.CharField(help_text=f"One of: {', '.join(MailEvery.values)}.")


class NoticeWishIn(Input):
    hidden = serializers.ListField(
        child=serializers.CharField(max_length=20), max_length=50, help_text=f"Kinds: {KINDS}."
    )
    unmailed = serializers.ListField(child=serializers.CharField(max_length=20), max_length=50)
    mail_every = serializers.CharField(max_length=5)


class NoticeWishes(PortalView):
    serializer_class = NoticeWishOut

    @operation("notice_wishes_read", "Read how you want to be told", tag=TAG, gives=NoticeWishOut)
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return Response(NoticeWishOut(wish_of(self.actor.user_id or 0)).data)

    @operation(
        "notice_wishes_set",
        "Say how you want to be told",
        tag=TAG,
        takes=NoticeWishIn,
        gives=NoticeWishOut,
        repeatable=True,
        description="What is left out stays.",
        example={"mail_every": "day", "unmailed": ["decision"]},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(NoticeWishIn, request, partial=True)
        wish = wish_of(self.actor.user_id or 0)
        said = {name: getattr(wish, name) for name in ("hidden", "unmailed", "mail_every")}
        return Response(NoticeWishOut(wish_set(actor=self.actor, **(said | given))).data)
