"""Integrations in the admin: what came in, what goes out, and the wires. No secret shows.

Whatever has rules goes through the services; the buttons of a list say how many rows they did.
"""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from config.lib.admin import ModelAdmin, ReadOnlyAdmin, ReadOnlyTabularInline
from config.lib.errors import AppError
from integrations.models import (
    AvitoAccount,
    BeatTick,
    Bot,
    Delivery,
    DeliveryAttempt,
    Hold,
    InboundEvent,
    IntegrationLog,
)
from integrations.services import avito_accounts, bots, holds, inbox, outbox


def _say(request: HttpRequest, done: int) -> None:
    messages.success(request, ngettext("%d done.", "%d done.", done) % done)


class _ConnectedAdmin(ModelAdmin):
    """Bots and accounts are connected in the cabinet, where their keys are tried at once."""

    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    list_select_related = ("organization",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Leave out the bulk deletion: it would pass the services by."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


@admin.register(Bot)
class BotAdmin(_ConnectedAdmin):
    list_display = ("username", "name", "organization", "status", "webhook_set_at", "last_error")
    list_filter = ("status", "is_platform", "topic_mode")
    search_fields = ("username", "name", "organization__name", "=telegram_id")
    fields = (
        "organization",
        "name",
        "description",
        "username",
        "telegram_id",
        "token_hint",
        "status",
        "is_platform",
        "group_chat_id",
        "topic_mode",
        "webhook_set_at",
        "last_error",
        "last_error_at",
        "created_at",
    )
    readonly_fields = fields
    actions = ("activate", "deactivate", "set_webhooks")

    @admin.action(description=_("Switch on"), permissions=["view"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._each(request, queryset, lambda bot: bots.activate_bot(actor=_user(request), bot=bot))

    @admin.action(description=_("Switch off"), permissions=["view"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._each(
            request, queryset, lambda bot: bots.deactivate_bot(actor=_user(request), bot=bot)
        )

    @admin.action(description=_("Set the webhook anew"), permissions=["view"])
    def set_webhooks(self, request: HttpRequest, queryset: QuerySet[Bot]) -> None:
        self._each(request, queryset, bots.set_webhook)

    def delete_model(self, request: HttpRequest, obj: Bot) -> None:
        """Take the webhook away as well."""
        bots.delete_bot(actor=_user(request), bot=obj)
