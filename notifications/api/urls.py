from django.urls import path

from notifications.api import views

app_name = "notifications-api"
urlpatterns = [
    path("api/notifications/preferences", views.PreferencesView.as_view(), name="preferences"),
]
