from django.urls import path

from accounts.web import (
    email_views,
    impersonation_views,
    organization_views,
    security_views,
    telegram_views,
    views,
)

app_name = "accounts"
urlpatterns = [
    path("", views.LandingView.as_view(), name="landing"),
    path("home", views.HomeView.as_view(), name="home"),
    path("login", telegram_views.enter, name="login"),
    path("login/link", telegram_views.LinkView.as_view(), name="link"),
    path("login/telegram", telegram_views.OidcBeginView.as_view(), name="telegram-login"),
    path(
        "login/telegram/callback",
        telegram_views.OidcCallbackView.as_view(),
        name="telegram-callback",
    ),
    path("login/telegram/widget", telegram_views.WidgetView.as_view(), name="telegram-widget"),
    path("account/link/telegram", telegram_views.TelegramIdentityPage.as_view(), name="telegram"),
    path("logout", views.LogoutView.as_view(), name="logout"),
    path("register", views.RegisterView.as_view(), name="register"),
    path("account", views.AccountView.as_view(), name="account"),
    path("account/sessions", views.SessionListView.as_view(), name="session-list"),
    path(
        "account/sessions/end-others",
        views.OtherSessionsEndView.as_view(),
        name="session-end-others",
    ),
    path(
        "account/sessions/<uuid:session_id>/end",
        views.SessionEndView.as_view(),
        name="session-end",
    ),
    path(
        "account/organizations",
        views.OrganizationCreateView.as_view(),
        name="organization-create",
    ),
    path("language", views.LanguageView.as_view(), name="language"),
    path("client/organization", organization_views.OrganizationView.as_view(), name="organization"),
    path(
        "client/organization/invitations",
        organization_views.InvitationCreateView.as_view(),
        name="invitation-create",
    ),
    path(
        "client/organization/invitations/<uuid:invitation_id>/withdraw",
        organization_views.InvitationWithdrawView.as_view(),
        name="invitation-withdraw",
    ),
    path(
        "client/organization/members/<int:member_id>/role",
        organization_views.MemberRoleView.as_view(),
        name="member-role",
    ),
    path(
        "client/organization/members/<int:member_id>/remove",
        organization_views.MemberRemoveView.as_view(),
        name="member-remove",
    ),
    path(
        "client/organization/owner",
        organization_views.OwnershipTransferView.as_view(),
        name="ownership-transfer",
    ),
    path(
        "invitations/<str:token>",
        organization_views.InvitationPageView.as_view(),
        name="invitation",
    ),
    path(
        "impersonation/<int:user_id>",
        impersonation_views.ImpersonationStartView.as_view(),
        name="impersonation-start",
    ),
    path(
        "impersonation/stop",
        impersonation_views.ImpersonationStopView.as_view(),
        name="impersonation-stop",
    ),
    path("login/code", security_views.CodeView.as_view(), name="login-code"),
    path("email/confirm", email_views.EmailConfirmView.as_view(), name="email-confirm"),
    path("password/reset", email_views.PasswordResetView.as_view(), name="password-reset"),
    path(
        "password/reset/confirm",
        email_views.PasswordResetConfirmView.as_view(),
        name="password-reset-confirm",
    ),
    path("account/security", security_views.SecurityView.as_view(), name="security"),
    path("account/email", email_views.EmailView.as_view(), name="email"),
    path("account/email/resend", email_views.EmailResendView.as_view(), name="email-resend"),
    path("account/password", security_views.PasswordView.as_view(), name="password"),
    path("account/confirm", security_views.ConfirmView.as_view(), name="confirm"),
    path("account/totp", security_views.TotpView.as_view(), name="totp"),
    path("account/totp/codes", security_views.TotpCodesView.as_view(), name="totp-codes"),
    path("account/totp/off", security_views.TotpOffView.as_view(), name="totp-off"),
    path("account/tokens", security_views.ApiTokensView.as_view(), name="api-tokens"),
    path(
        "account/tokens/<uuid:token_id>/end",
        security_views.ApiTokenEndView.as_view(),
        name="api-token-end",
    ),
    path("account/delete", security_views.DeleteView.as_view(), name="delete"),
]
