from django.urls import path

from notifications.api import bell_views, views

app_name = "notifications-api"
urlpatterns = [
    path("api/notifications", bell_views.NotificationListView.as_view(), name="notification-list"),
    path(
        "api/notifications/unread-count",
        bell_views.UnreadCountView.as_view(),
        name="unread-count",
    ),
    path("api/notifications/read-all", bell_views.ReadAllView.as_view(), name="read-all"),
    path("api/notifications/preferences", views.PreferencesView.as_view(), name="preferences"),
    path(
        "api/notifications/<int:notification_id>/read",
        bell_views.NotificationReadView.as_view(),
        name="notification-read",
    ),
]
