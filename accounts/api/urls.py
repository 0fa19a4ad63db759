from django.urls import path

from accounts.api import (
    api_token_views,
    auth_views,
    bots_views,
    email_views,
    invitation_views,
    member_views,
    organization_views,
    security_views,
    site_views,
    telegram_views,
    user_admin_views,
)

app_name = "accounts-api"
urlpatterns = [
    path("api/app/v1/settings", site_views.SiteSettingsView.as_view(), name="settings"),
    path("api/auth/v1/register", auth_views.RegisterView.as_view(), name="register"),
    path("api/auth/v1/login", auth_views.LoginView.as_view(), name="login"),
    path("api/auth/v1/refresh", auth_views.RefreshView.as_view(), name="refresh"),
    path("api/auth/v1/logout", auth_views.LogoutView.as_view(), name="logout"),
    path("api/auth/v1/me", auth_views.MeView.as_view(), name="me"),
    path("api/auth/v1/sessions", auth_views.SessionListView.as_view(), name="session-list"),
    path(
        "api/auth/v1/sessions/<uuid:session_id>",
        auth_views.SessionView.as_view(),
        name="session-detail",
    ),
    path("api/auth/v1/email/verify", email_views.EmailVerifyView.as_view(), name="email-verify"),
    path("api/auth/v1/email/resend", email_views.EmailResendView.as_view(), name="email-resend"),
    path("api/auth/v1/email/change", email_views.EmailChangeView.as_view(), name="email-change"),
    path(
        "api/auth/v1/password/reset", email_views.PasswordResetView.as_view(), name="password-reset"
    ),
    path(
        "api/auth/v1/password/reset/confirm",
        email_views.PasswordResetConfirmView.as_view(),
        name="password-reset-confirm",
    ),
    path(
        "api/auth/v1/password/change",
        email_views.PasswordChangeView.as_view(),
        name="password-change",
    ),
    path(
        "api/auth/v1/reauthenticate",
        security_views.ReauthenticateView.as_view(),
        name="reauthenticate",
    ),
    path("api/auth/v1/otp", security_views.TotpView.as_view(), name="otp"),
    path("api/auth/v1/otp/confirm", security_views.TotpConfirmView.as_view(), name="otp-confirm"),
    path(
        "api/auth/v1/otp/recovery-codes",
        security_views.RecoveryCodesView.as_view(),
        name="recovery-codes",
    ),
    path(
        "api/auth/v1/account/delete",
        security_views.AccountDeleteView.as_view(),
        name="account-delete",
    ),
    path("api/auth/v1/tokens", api_token_views.ApiTokenListView.as_view(), name="token-list"),
    path("api/auth/v1/tokens/scopes", api_token_views.ScopeListView.as_view(), name="scope-list"),
    path(
        "api/auth/v1/tokens/<uuid:token_id>",
        api_token_views.ApiTokenView.as_view(),
        name="token-detail",
    ),
    path(
        "api/auth/v1/login/social/telegram",
        telegram_views.TelegramLoginView.as_view(),
        name="telegram-login",
    ),
    path("api/auth/v1/telegram", telegram_views.TelegramIdentityView.as_view(), name="telegram"),
    path("api/auth/telegram", telegram_views.WidgetLoginView.as_view(), name="widget-login"),
    path("api/auth/admin", telegram_views.AdminLoginView.as_view(), name="admin-login"),
    path("api/auth/master/link", telegram_views.MasterLinkView.as_view(), name="master-link"),
    path(
        "api/auth/master/exchange",
        telegram_views.MasterExchangeView.as_view(),
        name="master-exchange",
    ),
    path("auth/register", bots_views.BotsRegisterView.as_view(), name="bots-register"),
    path("auth/login", bots_views.BotsLoginView.as_view(), name="bots-login"),
    path("auth/refresh", bots_views.BotsRefreshView.as_view(), name="bots-refresh"),
    path("auth/me", bots_views.BotsMeView.as_view(), name="bots-me"),
    path("api/clients", organization_views.ClientListView.as_view(), name="client-list"),
    path(
        "api/clients/<uuid:organization_id>",
        organization_views.ClientView.as_view(),
        name="client-detail",
    ),
    path(
        "api/clients/<uuid:organization_id>/members",
        member_views.MemberListView.as_view(),
        name="member-list",
    ),
    path(
        "api/clients/<uuid:organization_id>/members/<int:member_id>",
        member_views.MemberView.as_view(),
        name="member-detail",
    ),
    path(
        "api/clients/<uuid:organization_id>/owner",
        member_views.OwnershipView.as_view(),
        name="client-owner",
    ),
    path(
        "api/clients/<uuid:organization_id>/invitations",
        invitation_views.InvitationListView.as_view(),
        name="invitation-list",
    ),
    path(
        "api/clients/<uuid:organization_id>/invitations/<uuid:invitation_id>",
        invitation_views.InvitationView.as_view(),
        name="invitation-detail",
    ),
    path(
        "api/invitations/accept",
        invitation_views.InvitationAcceptView.as_view(),
        name="invitation-accept",
    ),
    path("api/admin/v1/users", user_admin_views.UserListView.as_view(), name="user-list"),
    path(
        "api/admin/v1/users/<int:user_id>", user_admin_views.UserView.as_view(), name="user-detail"
    ),
]
