from django.urls import path

from apps.sources.views import credentials, sources

urlpatterns = [
    path("sources/", sources.source_list_page, name="source-list"),
    path("sources/new/", sources.source_create_page, name="source-create"),
    path("sources/<number:pk>/", sources.source_page, name="source-detail"),
    path("sources/<number:pk>/edit/", sources.source_edit_page, name="source-edit"),
    path("sources/<number:pk>/run/", sources.source_run_action, name="source-run"),
    path("sources/<number:pk>/test/", sources.source_test_action, name="source-test"),
    path("sources/<number:pk>/pause/", sources.source_pause_action, name="source-pause"),
    path("sources/<number:pk>/delete/", sources.source_delete_action, name="source-delete"),
    path("credentials/", credentials.credential_list_page, name="credential-list"),
    path("credentials/<number:pk>/", credentials.credential_page, name="credential-detail"),
    path(
        "credentials/<number:pk>/delete/",
        credentials.credential_delete_action,
        name="credential-delete",
    ),
]
