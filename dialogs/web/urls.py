from django.urls import path

from dialogs.web import attachments, automations, overview, views

app_name = "dialogs"

urlpatterns = [
    path("client", overview.show_overview, name="overview"),
    path("client/automations", automations.show_automations, name="automations"),
    path("client/dialogs", views.list_inbox, name="dialog-list"),
    path("client/dialogs/live", views.refresh_list, name="dialog-list-live"),
    path("client/dialogs/<uuid:dialog_id>", views.show_dialog, name="dialog-detail"),
    path("client/dialogs/<uuid:dialog_id>/live", views.refresh_thread, name="dialog-live"),
    path("client/dialogs/<uuid:dialog_id>/earlier", views.show_earlier, name="dialog-earlier"),
    path("client/dialogs/<uuid:dialog_id>/messages", views.send, name="message-send"),
    path(
        "client/dialogs/<uuid:dialog_id>/attachments/<int:attachment_id>",
        attachments.show_attachment,
        name="attachment",
    ),
    path(
        "client/dialogs/<uuid:dialog_id>/item-photo",
        attachments.show_item_photo,
        name="item-photo",
    ),
    path(
        "client/dialogs/<uuid:dialog_id>/details", views.change_details, name="dialog-set-details"
    ),
    path("client/dialogs/<uuid:dialog_id>/status", views.change_status, name="dialog-set-status"),
]
