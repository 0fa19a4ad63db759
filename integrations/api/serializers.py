"""Shapes of api.md: one service behind them, three wires in front of it for bots."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from integrations.models import AvitoAccount, Bot
from integrations.selectors.totals import BotTotals, totals_of
from integrations.services.bots import WEBHOOK_PATH

TOKEN_LENGTH = 256


def with_totals(bots: Sequence[Bot]) -> dict[str, Any]:
    """Return the serializer's context for ``bots``: their figures, counted at once."""
    return {"totals": totals_of([bot.pk for bot in bots])}


class _BotOut(serializers.ModelSerializer[Bot]):
    def totals(self, bot: Bot) -> BotTotals:
        found: BotTotals = self.context["totals"][bot.pk]
        return found

    def is_webhook_set(self, bot: Bot) -> bool:
        return bot.webhook_set_at is not None


class BotOut(_BotOut):
    """/api/bots."""

    bot_username = serializers.CharField(source="username")
    webhook_set = serializers.SerializerMethodField(method_name="is_webhook_set")
    total_users = serializers.SerializerMethodField()
    total_messages = serializers.SerializerMethodField()
    total_leads = serializers.SerializerMethodField()

    class Meta:
        model = Bot
        fields = (
            "id",
            "name",
            "description",
            "username",
            "bot_username",
            "telegram_id",
            "status",
            "webhook_set",
            "group_chat_id",
            "topic_mode",
            "token_hint",
            "total_users",
            "total_messages",
            "total_leads",
            "last_error",
            "created_at",
        )

    def get_total_users(self, bot: Bot) -> int:
        return self.totals(bot).users

    def get_total_messages(self, bot: Bot) -> int:
        return self.totals(bot).messages

    def get_total_leads(self, bot: Bot) -> int:
        return self.totals(bot).leads


class CamelBotOut(_BotOut):
    """/bots: the bots' clients speak camelCase."""

    telegramId = serializers.IntegerField(source="telegram_id")  # noqa: N815
    isWebhookSet = serializers.SerializerMethodField(method_name="is_webhook_set")  # noqa: N815
    webhookUrl = serializers.SerializerMethodField(method_name="webhook_url")  # noqa: N815
    groupChatId = serializers.IntegerField(source="group_chat_id", allow_null=True)  # noqa: N815
    topicMode = serializers.BooleanField(source="topic_mode")  # noqa: N815
    tokenHint = serializers.CharField(source="token_hint")  # noqa: N815
    totalUsers = serializers.SerializerMethodField(method_name="users")  # noqa: N815
    totalMessages = serializers.SerializerMethodField(method_name="messages")  # noqa: N815
    totalLeads = serializers.SerializerMethodField(method_name="leads")  # noqa: N815
    createdAt = serializers.DateTimeField(source="created_at")  # noqa: N815

    class Meta:
        model = Bot
        fields = (
            "id",
            "name",
            "description",
            "username",
            "telegramId",
            "status",
            "isWebhookSet",
            "webhookUrl",
            "groupChatId",
            "topicMode",
            "tokenHint",
            "totalUsers",
            "totalMessages",
            "totalLeads",
            "createdAt",
        )

    @extend_schema_field(serializers.CharField(allow_null=True))
    def webhook_url(self, bot: Bot) -> str | None:
        """Return the address without its secret, of which we keep only a hash."""
        if bot.webhook_set_at is None:
            return None
        return f"{settings.SITE_URL}{WEBHOOK_PATH}/{bot.pk}/…"

    def users(self, bot: Bot) -> int:
        return self.totals(bot).users

    def messages(self, bot: Bot) -> int:
        return self.totals(bot).messages

    def leads(self, bot: Bot) -> int:
        return self.totals(bot).leads


class BotSettings(serializers.Serializer[Any]):
    group_chat_id = serializers.IntegerField(allow_null=True, required=False)
    topic_mode = serializers.BooleanField(required=False)


class IntegrationBotOut(serializers.ModelSerializer[Bot]):
    """/api/v1/telegram/bots: the integrations' clients know settings and a switch."""

    settings = BotSettings(source="*")
    is_active = serializers.SerializerMethodField()

    class Meta:
        model = Bot
        fields = (
            "id",
            "name",
            "username",
            "telegram_id",
            "token_hint",
            "settings",
            "is_active",
            "created_at",
        )

    def get_is_active(self, bot: Bot) -> bool:
        return bot.status == Bot.Status.ACTIVE


class BotIn(serializers.Serializer[Any]):
    """What may be set of a bot. ``group_chat_id`` null takes the group away."""

    name = serializers.CharField(max_length=128, required=False, allow_blank=True)
    token = serializers.CharField(max_length=TOKEN_LENGTH, write_only=True)
    description = serializers.CharField(max_length=512, required=False, allow_blank=True)
    group_chat_id = serializers.IntegerField(
        required=False, allow_null=True, min_value=-(2**63), max_value=2**63 - 1
    )
    topic_mode = serializers.BooleanField(required=False)


class CamelBotIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=128, required=False, allow_blank=True)
    token = serializers.CharField(max_length=TOKEN_LENGTH, write_only=True)
    description = serializers.CharField(max_length=512, required=False, allow_blank=True)
    groupChatId = serializers.IntegerField(  # noqa: N815
        source="group_chat_id",
        required=False,
        allow_null=True,
        min_value=-(2**63),
        max_value=2**63 - 1,
    )
    topicMode = serializers.BooleanField(source="topic_mode", required=False)  # noqa: N815


class IntegrationBotIn(serializers.Serializer[Any]):
    bot_token = serializers.CharField(max_length=TOKEN_LENGTH, write_only=True, source="token")
    name = serializers.CharField(max_length=128, required=False, allow_blank=True)
    settings = BotSettings(source="*", required=False)


class AvitoAccountOut(serializers.ModelSerializer[AvitoAccount]):
    bot_id = serializers.UUIDField(allow_null=True)
    webhook_set = serializers.SerializerMethodField()

    class Meta:
        model = AvitoAccount
        fields = (
            "id",
            "name",
            "api_client_id",
            "avito_user_id",
            "status",
            "bot_id",
            "webhook_set",
            "polled_at",
            "last_error",
            "last_error_at",
            "created_at",
        )

    def get_webhook_set(self, account: AvitoAccount) -> bool:
        return account.webhook_set_at is not None


class AvitoAccountIn(serializers.Serializer[Any]):
    """What may be set of an account. ``bot_id`` null takes the bot away."""

    name = serializers.CharField(max_length=128, required=False, allow_blank=True)
    api_client_id = serializers.CharField(max_length=128)
    api_client_secret = serializers.CharField(max_length=TOKEN_LENGTH, write_only=True)
    bot_id = serializers.UUIDField(required=False, allow_null=True)


class AvitoAccountChangesIn(AvitoAccountIn):
    is_active = serializers.BooleanField(required=False)


class _PageOut(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class BotPageOut(_PageOut):
    results = BotOut(many=True)


class CamelBotPageOut(_PageOut):
    results = CamelBotOut(many=True)


class IntegrationBotPageOut(_PageOut):
    results = IntegrationBotOut(many=True)


class AvitoAccountPageOut(_PageOut):
    results = AvitoAccountOut(many=True)
