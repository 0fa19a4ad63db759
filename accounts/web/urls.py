from django.urls import path

from accounts.web import views

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
]
