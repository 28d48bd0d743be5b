from django.urls import path

from apps.accounts import (
    views,
    views_openid,
    views_people,
    views_place,
    views_providers,
    views_security,
    views_session,
)
from apps.accounts.views_tokens import settings_tokens_page, token_revoke_action

urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-in/second/", views.second_step, name="sign-in-second"),
    path("sign-in/passkey/options/", views.passkey_options, name="passkey-options"),
    path("sign-in/passkey/", views.passkey_sign_in, name="passkey-sign-in"),
    path("sign-in/with/<slug:key>/", views_openid.sign_in_with, name="sign-in-with"),
    path("sign-in/with/<slug:key>/return/", views_openid.sign_in_return, name="sign-in-return"),
    path("sign-in/with/<slug:key>/logout/", views_openid.provider_logout, name="provider-logout"),
    path("sign-out/with/<slug:key>/", views_openid.sign_out_with, name="sign-out-with"),
    path("sign-in/password/", views.password_link_page, name="password-link"),
    path("session/", views_session.session_state, name="session-state"),
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
        "settings/security/identities/<int:pk>/remove/",
        views_security.identity_remove_own_action,
        name="identity-remove-own",
    ),
    path("settings/people/", views_people.people_page, name="person-list"),
    path("settings/people/new/", views_people.person_new_page, name="person-new"),
    path("settings/people/<int:pk>/", views_people.person_page, name="person-detail"),
    path(
        "settings/people/<int:pk>/invite/", views_people.person_invite_action, name="person-invite"
    ),
    path("settings/people/<int:pk>/link/", views_people.person_link_action, name="person-link"),
    path(
        "settings/people/<int:pk>/sessions/end/",
        views_people.person_sessions_end_action,
        name="person-sessions-end",
    ),
    path(
        "settings/people/<int:pk>/factors/reset/",
        views_people.person_factors_reset_action,
        name="person-factors-reset",
    ),
    path("settings/teams/", views_people.teams_page, name="team-list"),
    path("settings/teams/<slug:key>/", views_people.team_page, name="team-detail"),
    path("settings/teams/<slug:key>/remove/", views_people.team_remove_action, name="team-remove"),
    path("settings/sign-in/", views_providers.provider_list_page, name="provider-list"),
    path(
        "settings/sign-in/sessions/end/",
        views_providers.sessions_end_everybody_action,
        name="sessions-end-everybody",
    ),
    path("settings/sign-in/new/", views_providers.provider_new_page, name="provider-new"),
    path("settings/sign-in/<slug:key>/", views_providers.provider_page, name="provider-detail"),
    path(
        "settings/sign-in/<slug:key>/edit/",
        views_providers.provider_edit_page,
        name="provider-edit",
    ),
    path(
        "settings/sign-in/<slug:key>/test/",
        views_providers.provider_test_action,
        name="provider-test",
    ),
    path(
        "settings/sign-in/<slug:key>/switch/",
        views_providers.provider_switch_action,
        name="provider-switch",
    ),
    path(
        "settings/sign-in/<slug:key>/delete/",
        views_providers.provider_delete_action,
        name="provider-delete",
    ),
    path(
        "settings/sign-in/<slug:key>/people/<int:pk>/unlink/",
        views_providers.identity_remove_action,
        name="identity-remove",
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
