from django.urls import path

from apps.notices.api.views import Notices, NoticeWishes, ReadNotice, ReadNotices

urlpatterns = [
    path("notices", Notices.as_view()),
    path("notices/read", ReadNotices.as_view()),
    path("notices/wishes", NoticeWishes.as_view()),
    path("notices/<number:notice>/read", ReadNotice.as_view()),
]
