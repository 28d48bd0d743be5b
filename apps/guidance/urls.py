from django.urls import path

from apps.guidance import views, views_words

urlpatterns = [
    path("guidance/", views.guidance_list_page, name="guidance-list"),
    path("guidance/new/", views.guidance_create_page, name="guidance-create"),
    path("guidance/words/", views_words.words_page, name="guidance-words"),
    path("guidance/G-<int:pk>/edit/", views.guidance_edit_page, name="guidance-edit"),
    path("guidance/G-<int:pk>/publish/", views.guidance_publish_action, name="guidance-publish"),
    path("guidance/G-<int:pk>/retire/", views.guidance_retire_action, name="guidance-retire"),
    path("guidance/G-<int:pk>/return/", views.guidance_return_action, name="guidance-return"),
    path("guidance/G-<int:pk>/versions/", views.guidance_versions_page, name="guidance-versions"),
    path(
        "guidance/G-<int:pk>/versions/<int:number>/",
        views.guidance_version_page,
        name="guidance-version",
    ),
]
