from django.urls import path

from notifications.web import bell_views, views, yandex_views

app_name = "notifications"
urlpatterns = [
    path("account/notifications", views.PreferencesView.as_view(), name="preferences"),
    path("account/notifications/yandex", yandex_views.YandexView.as_view(), name="yandex"),
    path(
        "account/notifications/yandex/state",
        yandex_views.YandexStateView.as_view(),
        name="yandex-state",
    ),
    path(
        "account/notifications/yandex/unlink",
        yandex_views.YandexUnlinkView.as_view(),
        name="yandex-unlink",
    ),
    path("notifications", bell_views.NotificationListView.as_view(), name="list"),
    path("notifications/bell", bell_views.BellView.as_view(), name="bell"),
    path("notifications/latest", bell_views.LatestView.as_view(), name="latest"),
    path("notifications/read-all", bell_views.ReadAllView.as_view(), name="read-all"),
    path("notifications/<int:notification_id>/open", bell_views.OpenView.as_view(), name="open"),
]
