from django.urls import path

from apps.attachments import views

urlpatterns = [
    path("attachments/", views.attachment_upload, name="attachment-upload"),
    path("attachments/new/", views.attachment_page, name="attachment-create"),
    # Without a slash at the end: it is a file.
    path("attachments/<uuid:uid>", views.attachment_file, name="attachment-file"),
]
