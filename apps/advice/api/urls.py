from django.urls import path

from apps.advice.api.views import GuidanceQuestions

urlpatterns = [
    path("guidance/<guidance_key:guidance>/questions", GuidanceQuestions.as_view()),
]
