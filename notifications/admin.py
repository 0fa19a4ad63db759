from django.contrib import admin

from config.lib.admin import ModelAdmin, ReadOnlyAdmin
from notifications.models import ChannelAddress, Notification, Preference


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "recipient", "created_at", "planned_at", "expires_at", "read_at")
    list_filter = ("kind", "created_at")
    search_fields = ("=id", "kind", "dedup_key", "recipient__email", "recipient__username")
    list_select_related = ("recipient",)
    readonly_fields = ("correlation_id",)


@admin.register(ChannelAddress)
class ChannelAddressAdmin(ModelAdmin):
    list_display = ("user", "channel", "address", "state", "strikes", "created_at")
    list_filter = ("channel", "state")
    search_fields = ("address", "user__email", "user__username")
    list_select_related = ("user",)
    autocomplete_fields = ("user",)
    readonly_fields = ("last_strike_at", "created_at")


@admin.register(Preference)
class PreferenceAdmin(ReadOnlyAdmin):
    list_display = ("user", "muted")
    search_fields = ("user__email", "user__username")
    list_select_related = ("user",)
