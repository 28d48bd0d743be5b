from django.urls import path

from apps.outbound.api import views

urlpatterns = [
    path("webhooks", views.Webhooks.as_view()),
    path("webhooks/<number:webhook>", views.OneWebhook.as_view()),
    path("webhooks/<number:webhook>/secret", views.WebhookSecret.as_view()),
    path("webhooks/<number:webhook>/test", views.WebhookTest.as_view()),
    path("webhooks/<number:webhook>/pause", views.WebhookPause.as_view()),
    path("webhooks/<number:webhook>/deliveries", views.WebhookDeliveries.as_view()),
    path(
        "webhooks/<number:webhook>/deliveries/<uuid:delivery>/again",
        views.WebhookDeliveryAgain.as_view(),
    ),
]
