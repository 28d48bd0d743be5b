from django.urls import path

from apps.notices import views

urlpatterns = [
    path("notices/", views.notice_list_page, name="notice-list"),
    path("notices/read/", views.notices_read_action, name="notices-read"),
    path("notices/<number:pk>/", views.notice_open, name="notice-open"),
    path("notices/<number:pk>/mark/", views.notice_mark_action, name="notice-mark"),
    path("settings/notices/", views.settings_notices_page, name="settings-notices"),
    path("unsubscribe/<str:token>/", views.unsubscribe_page, name="notices-unsubscribe"),
]
