from django.urls import path

from apps.accounts.views import SignIn, SignOut
from apps.accounts.views_tokens import settings_tokens_page, token_revoke_action

urlpatterns = [
    path("sign-in/", SignIn.as_view(), name="sign-in"),
    path("sign-out/", SignOut.as_view(), name="sign-out"),
    path("settings/tokens/", settings_tokens_page, name="settings-tokens"),
    path("tokens/<int:pk>/revoke/", token_revoke_action, name="token-revoke"),
]
