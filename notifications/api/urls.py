from django.urls import path

from notifications.api import views

app_name = "notifications-api"
urlpatterns = [
    path("api/notifications", views.NotificationListView.as_view(), name="notification-list"),
    path("api/notifications/unread-count", views.UnreadCountView.as_view(), name="unread-count"),
    path("api/notifications/read-all", views.ReadAllView.as_view(), name="read-all"),
    path(
        "api/notifications/<int:notification_id>/read",
        views.NotificationReadView.as_view(),
        name="notification-read",
    ),
]
