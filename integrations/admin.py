"""Integrations in the admin: what came in, what goes out, and the wires. No secret shows.

Nothing is edited here: what can be done has rules and goes through the services. Bots and
accounts are connected in the cabinet, where their keys are tried at once.
"""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import User
from config.lib.admin import ReadOnlyAdmin, ReadOnlyTabularInline
from config.lib.errors import AppError
from config.lib.http import OutsideError
from integrations.models import (
    AvitoAccount,
    BeatTick,
    Bot,
    Delivery,
    DeliveryAttempt,
    Hold,
    InboundEvent,
    IntegrationLog,
    YandexBot,
)
from integrations.services import avito_accounts, bots, holds, inbox, outbox


class _OperatedAdmin(ReadOnlyAdmin):
    """Rows to look at, with deeds for those who might change them."""

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Django's hook for deeds with ``permissions=["operate"]``."""
        codename = get_permission_codename("change", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    def for_each(
        self, request: HttpRequest, rows: QuerySet[Any], deed: Callable[[Any], object]
    ) -> None:
        """Do ``deed`` to each row; say how many went well and why others did not."""
        done = 0
        for row in rows:
            try:
                deed(row)
                done += 1
            except AppError as error:
                messages.error(request, f"{row}: {error.detail}")
            except OutsideError as error:
                messages.error(request, f"{row}: {error}")
        say_done(request, done)


class _DeletableAdmin(_OperatedAdmin):
    """Rows that may be deleted, each by its service."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        codename = get_permission_codename("delete", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)


@admin.register(Bot)
class BotAdmin(_DeletableAdmin):
    list_display = ("username", "name", "organization", "status", "webhook_set_at", "last_error")
    list_filter = ("status", "is_platform", "topic_mode")
    list_select_related = ("organization",)
    search_fields = ("username", "name", "organization__name", "=telegram_id")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
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
    actions = ("activate", "deactivate", "set_webhooks")

    @admin.action(description=_("Switch on"), permissions=["operate"])
    def activate(self, request: HttpRequest, rows: QuerySet[Bot]) -> None:
        self.for_each(request, rows, lambda bot: bots.activate_bot(actor=actor(request), bot=bot))

    @admin.action(description=_("Switch off"), permissions=["operate"])
    def deactivate(self, request: HttpRequest, rows: QuerySet[Bot]) -> None:
        self.for_each(request, rows, lambda bot: bots.deactivate_bot(actor=actor(request), bot=bot))

    @admin.action(description=_("Set the webhook anew"), permissions=["operate"])
    def set_webhooks(self, request: HttpRequest, rows: QuerySet[Bot]) -> None:
        self.for_each(request, rows, bots.set_webhook)

    def delete_model(self, request: HttpRequest, obj: Bot) -> None:
        bots.delete_bot(actor=actor(request), bot=obj)


@admin.register(AvitoAccount)
class AvitoAccountAdmin(_DeletableAdmin):
    list_display = ("name", "organization", "avito_user_id", "status", "polled_at", "last_error")
    list_filter = ("status",)
    list_select_related = ("organization",)
    search_fields = ("name", "organization__name", "=avito_user_id")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    fields = (
        "organization",
        "name",
        "api_client_id",
        "avito_user_id",
        "bot",
        "status",
        "webhook_set_at",
        "polled_at",
        "token_expires_at",
        "last_error",
        "last_error_at",
        "created_at",
    )
    actions = ("subscribe",)

    @admin.action(description=_("Set the webhook anew"), permissions=["operate"])
    def subscribe(self, request: HttpRequest, rows: QuerySet[AvitoAccount]) -> None:
        self.for_each(request, rows, avito_accounts.subscribe)

    def delete_model(self, request: HttpRequest, obj: AvitoAccount) -> None:
        avito_accounts.delete_avito_account(actor=actor(request), account=obj)


@admin.register(InboundEvent)
class InboundEventAdmin(_OperatedAdmin):
    list_display = ("id", "source", "external_id", "lane", "state", "attempts", "received_at")
    list_filter = ("state", "source")
    search_fields = ("=external_id", "lane", "=correlation_id")
    date_hierarchy = "received_at"
    ordering = ("-id",)
    actions = ("replay",)

    @admin.action(description=_("Handle once more"), permissions=["operate"])
    def replay(self, request: HttpRequest, rows: QuerySet[InboundEvent]) -> None:
        say_done(request, inbox.replay(list(rows.values_list("pk", flat=True))))


class DeliveryAttemptInline(ReadOnlyTabularInline):
    model = DeliveryAttempt
    fields = ("at", "outcome", "error_code", "error", "latency_ms")
    readonly_fields = fields
    ordering = ("id",)


@admin.register(Delivery)
class DeliveryAdmin(_OperatedAdmin):
    list_display = (
        "id",
        "kind",
        "sender",
        "lane",
        "state",
        "uncertain",
        "attempts",
        "last_error_code",
        "created_at",
    )
    list_filter = ("state", "needs_person", "uncertain", "channel", "kind")
    search_fields = ("lane", "sender", "=idempotency_key", "=correlation_id")
    date_hierarchy = "created_at"
    ordering = ("-id",)
    exclude = ("lease_token",)
    inlines = (DeliveryAttemptInline,)
    actions = ("retry", "was_sent", "cancel")

    @admin.action(description=_("Send again"), permissions=["operate"])
    def retry(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        say_done(request, outbox.retry(list(rows.values_list("pk", flat=True))))

    @admin.action(description=_("It was sent"), permissions=["operate"])
    def was_sent(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        self.for_each(request, rows, lambda row: outbox.decide(row, was_sent=True))

    @admin.action(description=_("Give it up"), permissions=["operate"])
    def cancel(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        self.for_each(request, rows, lambda row: outbox.decide(row, was_sent=False))


@admin.register(Hold)
class HoldAdmin(_DeletableAdmin):
    """Deleting a hold lets what waits under it go on at once."""

    list_display = ("key", "reason", "until", "created_at")
    list_filter = ("reason",)
    search_fields = ("key",)
    ordering = ("-until",)

    def delete_model(self, request: HttpRequest, obj: Hold) -> None:
        channel = outbox.channel_of(obj.key)
        holds.release_hold(key=obj.key, task=channel.task)


@admin.register(IntegrationLog)
class IntegrationLogAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "organization", "level", "source", "event", "text")
    list_filter = ("level", "source", "event")
    list_select_related = ("organization",)
    search_fields = ("organization__name", "event", "text", "=correlation_id")
    date_hierarchy = "created_at"
    ordering = ("-id",)


@admin.register(BeatTick)
class BeatTickAdmin(ReadOnlyAdmin):
    list_display = ("name", "at")
    ordering = ("name",)


@admin.register(YandexBot)
class YandexBotAdmin(ReadOnlyAdmin):
    list_display = ("login", "display_name", "told_at", "next_update_id")
    exclude = ("token_hash", "webhook_hash")
    ordering = ("-told_at",)


def actor(request: HttpRequest) -> User:
    """Return who acts; the admin lets nobody in who is not signed in."""
    return cast("User", request.user)


def say_done(request: HttpRequest, done: int) -> None:
    """Tell how many rows a deed has changed."""
    if done:
        messages.success(request, ngettext("%d done.", "%d done.", done) % done)
