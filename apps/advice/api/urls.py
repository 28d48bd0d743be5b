from django.urls import path

from apps.advice.api.stage import StageAdviceView
from apps.advice.api.views import GuidanceQuestions

urlpatterns = [
    path("systems/<slug:system>/stages/<slug:stage>/advice", StageAdviceView.as_view()),
    path("guidance/<guidance_key:guidance>/questions", GuidanceQuestions.as_view()),
]
