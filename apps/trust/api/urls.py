from django.urls import path

from apps.trust.api.views import Exchange, OneTrustRule, TrustRules

urlpatterns = [
    path("oidc/token", Exchange.as_view()),
    path("systems/<slug:system>/trust-rules", TrustRules.as_view()),
    path("systems/<slug:system>/trust-rules/<number:rule>", OneTrustRule.as_view()),
]
