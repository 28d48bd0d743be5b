from django.urls import path

from apps.accounts.api.tokens import OneToken, OwnTokens

urlpatterns = [
    path("tokens", OwnTokens.as_view()),
    path("tokens/<number:token>", OneToken.as_view()),
]
