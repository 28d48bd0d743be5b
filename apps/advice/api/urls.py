from django.urls import path

from apps.advice.api.portfolio import PortfolioView, ToleranceView
from apps.advice.api.stage import StageAdviceView
from apps.advice.api.views import GuidanceQuestions

urlpatterns = [
    path("portfolio", PortfolioView.as_view()),
    path("tolerance", ToleranceView.as_view()),
    path("systems/<slug:system>/stages/<slug:stage>/advice", StageAdviceView.as_view()),
    path("guidance/<guidance_key:guidance>/questions", GuidanceQuestions.as_view()),
]
