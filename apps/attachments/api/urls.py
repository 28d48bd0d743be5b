from django.urls import path

from apps.attachments.api.views import AttachmentContent, Attachments, OneAttachment

urlpatterns = [
    path("attachments", Attachments.as_view()),
    path("attachments/<uuid:attachment>", OneAttachment.as_view()),
    path("attachments/<uuid:attachment>/content", AttachmentContent.as_view()),
]
