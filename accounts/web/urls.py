from django.urls import path

from accounts.web import impersonation_views, organization_views, views

app_name = "accounts"
urlpatterns = [
    path("", views.LandingView.as_view(), name="landing"),
    path("home", views.HomeView.as_view(), name="home"),
    path("login", views.LoginView.as_view(), name="login"),
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
        "impersonation/stop",
        impersonation_views.ImpersonationStopView.as_view(),
        name="impersonation-stop",
    ),
]
