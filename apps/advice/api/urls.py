from django.urls import path

from apps.advice.api.comparables import ComparablesView
from apps.advice.api.comparison import ItemComparison
from apps.advice.api.item_guidance import (
    ItemGuidanceSuggested,
    ItemGuidanceView,
    OneItemGuidance,
)
from apps.advice.api.portfolio import PortfolioView, ToleranceView
from apps.advice.api.registers import (
    DecisionPaper,
    DecisionRecord,
    RiskCycloneDX,
    RiskPoam,
    RiskRegister,
    RiskWorkbook,
)
from apps.advice.api.stage import StageAdviceView
from apps.advice.api.views import AnyQuestions, GuidanceQuestions

urlpatterns = [
    path("items/<item_key:item>/decisions/<number:decision>/record", DecisionRecord.as_view()),
    path("items/<item_key:item>/decisions/<number:decision>/record.pdf", DecisionPaper.as_view()),
    path("items/<item_key:item>/comparison", ItemComparison.as_view()),
    path("items/<item_key:item>/guidance", ItemGuidanceView.as_view()),
    path("items/<item_key:item>/guidance/suggested", ItemGuidanceSuggested.as_view()),
    path("items/<item_key:item>/guidance/<guidance_key:guidance>", OneItemGuidance.as_view()),
    path("statements/<statement_key:statement>/comparables", ComparablesView.as_view()),
    path("portfolio/risks", RiskRegister.as_view()),
    path("portfolio/risks.xlsx", RiskWorkbook.as_view()),
    path("portfolio/risks.oscal.json", RiskPoam.as_view()),
    path("portfolio/risks.cdx.json", RiskCycloneDX.as_view()),
    path("portfolio", PortfolioView.as_view()),
    path("tolerance", ToleranceView.as_view()),
    path("systems/<slug:system>/stages/<slug:stage>/advice", StageAdviceView.as_view()),
    path("questions", AnyQuestions.as_view()),
    path("guidance/<guidance_key:guidance>/questions", GuidanceQuestions.as_view()),
]
