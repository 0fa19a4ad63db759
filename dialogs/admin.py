from django.contrib import admin

from config.lib.admin import ModelAdmin, ReadOnlyAdmin
from dialogs.models import AutoReply, AutoReplySettings, Contact, Dialog, Message


@admin.register(Contact)
class ContactAdmin(ModelAdmin):
    list_display = ("name", "source", "external_id", "organization", "created_at")
    list_filter = ("source",)
    search_fields = ("name", "external_id")
    list_select_related = ("organization",)
    autocomplete_fields = ("organization",)


@admin.register(Dialog)
class DialogAdmin(ModelAdmin):
    list_display = (
        "title",
        "contact",
        "organization",
        "status",
        "assignee",
        "unread_count",
        "last_message_at",
    )
    list_filter = ("status", "source", "last_message_at")
    search_fields = ("=id", "title", "external_id", "contact__name")
    list_select_related = ("organization", "contact", "assignee")
    autocomplete_fields = ("organization", "avito_account", "bot", "contact", "assignee")
    readonly_fields = ("item_fetched_at", "created_at")


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "dialog", "direction", "is_incoming", "kind", "status", "written_at")
    list_filter = ("status", "direction", "kind", "is_auto_reply")
    search_fields = ("=id", "=avito_message_id", "=telegram_message_id", "=correlation_id")
    list_select_related = ("dialog",)


@admin.register(AutoReplySettings)
class AutoReplySettingsAdmin(ReadOnlyAdmin):
    list_display = ("organization", "enabled", "always", "start_time", "end_time", "timezone")
    list_filter = ("enabled", "always")
    search_fields = ("organization__name",)
    list_select_related = ("organization",)


@admin.register(AutoReply)
class AutoReplyAdmin(ReadOnlyAdmin):
    list_display = ("id", "dialog", "window", "state", "reason", "due_at")
    list_filter = ("state", "reason")
    search_fields = ("=id", "=dialog__id", "dialog__title", "dialog__contact__name")
    list_select_related = ("dialog",)
