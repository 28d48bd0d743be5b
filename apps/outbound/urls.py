from django.urls import path

from apps.outbound import views

urlpatterns = [
    path("webhooks/", views.webhook_list_page, name="webhook-list"),
    path("webhooks/<number:pk>/", views.webhook_page, name="webhook-detail"),
    path("webhooks/<number:pk>/edit/", views.webhook_edit_page, name="webhook-edit"),
    path("webhooks/<number:pk>/test/", views.webhook_test_action, name="webhook-test"),
    path("webhooks/<number:pk>/rotate/", views.webhook_rotate_action, name="webhook-rotate"),
    path("webhooks/<number:pk>/pause/", views.webhook_pause_action, name="webhook-pause"),
    path("webhooks/<number:pk>/delete/", views.webhook_delete_action, name="webhook-delete"),
    path(
        "webhooks/<number:pk>/again/<uuid:uid>/",
        views.delivery_again_action,
        name="webhook-again",
    ),
]
