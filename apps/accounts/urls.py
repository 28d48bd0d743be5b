from django.urls import path

from apps.accounts import views, views_openid, views_place, views_security
from apps.accounts.views_tokens import settings_tokens_page, token_revoke_action

urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-in/second/", views.second_step, name="sign-in-second"),
    path("sign-in/passkey/options/", views.passkey_options, name="passkey-options"),
    path("sign-in/passkey/", views.passkey_sign_in, name="passkey-sign-in"),
    path("sign-in/with/<slug:key>/", views_openid.sign_in_with, name="sign-in-with"),
    path("sign-in/with/<slug:key>/return/", views_openid.sign_in_return, name="sign-in-return"),
    path("sign-out/", views.SignOut.as_view(), name="sign-out"),
    path("settings/tokens/", settings_tokens_page, name="settings-tokens"),
    path("tokens/<int:pk>/revoke/", token_revoke_action, name="token-revoke"),
    path("settings/place/", views_place.place_page, name="settings-place"),
    path("settings/security/", views_security.security_page, name="settings-security"),
    path("settings/security/confirm/", views_security.confirm_page, name="settings-confirm"),
    path("settings/security/password/", views_security.password_page, name="settings-password"),
    path("settings/security/app/", views_security.app_page, name="factor-app"),
    path(
        "settings/security/passkey/options/",
        views_security.passkey_new_options,
        name="passkey-new-options",
    ),
    path("settings/security/passkey/", views_security.passkey_add_action, name="factor-passkey"),
    path("settings/security/codes/", views_security.recovery_action, name="factor-codes"),
    path(
        "settings/security/factors/<int:pk>/remove/",
        views_security.factor_remove_action,
        name="factor-remove",
    ),
    path(
        "settings/security/sessions/<int:pk>/end/",
        views_security.session_end_action,
        name="session-end",
    ),
    path(
        "settings/security/sessions/end/", views_security.sessions_end_action, name="sessions-end"
    ),
]
