from django.urls import path

from apps.trust import views

urlpatterns = [
    path("systems/<slug:key>/trust/", views.trust_page, name="system-trust"),
    path(
        "systems/<slug:key>/trust/<number:pk>/delete/",
        views.trust_delete_action,
        name="trust-delete",
    ),
]
