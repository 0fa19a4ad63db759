from django.urls import path

from dialogs.api import views

app_name = "dialogs-api"
urlpatterns = [
    path("api/dialogs", views.DialogListView.as_view(), name="dialogs"),
    path("api/dialogs/<uuid:dialog_id>", views.DialogView.as_view(), name="dialog"),
    path("api/dialogs/<uuid:dialog_id>/messages", views.MessageListView.as_view(), name="messages"),
    path(
        "api/dialogs/<uuid:dialog_id>/attachments/<int:attachment_id>",
        views.MessageAttachmentView.as_view(),
        name="attachment",
    ),
    path("api/admin/metrics", views.MetricsView.as_view(), name="metrics"),
]
