from django.urls import path

from accounts.api import auth_views, bots_views, organization_views, site_views

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
]
