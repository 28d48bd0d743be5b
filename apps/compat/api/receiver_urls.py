from django.urls import path

from apps.compat.api.receivers import Alertmanager, Falcosidekick

urlpatterns = [
    path("alertmanager", Alertmanager.as_view()),
    path("falcosidekick", Falcosidekick.as_view()),
]
