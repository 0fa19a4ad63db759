"""Webhooks, polling and the bot itself."""

import asyncio
import re
import time
from typing import Any
from urllib.parse import urlsplit

from sandbox.telegram.errors import BotApiError, bad_request
from sandbox.telegram.media import LOOPBACK
from sandbox.telegram.state import Bot, Webhook

from .call import Call, Handler

Json = dict[str, Any]

SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}")
LONGEST_POLL_SECONDS = 50
KINDS = frozenset(
    (
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "business_connection",
        "business_message",
        "edited_business_message",
        "deleted_business_messages",
        "guest_message",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "callback_query",
        "shipping_query",
        "pre_checkout_query",
        "purchased_paid_media",
        "poll",
        "poll_answer",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
        "managed_bot",
    )
)


async def get_me(call: Call) -> Json:
    return {
        **call.bot.as_user(),
        "can_join_groups": True,
        "can_read_all_group_messages": True,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


async def set_webhook(call: Call) -> bool:
    bot, params = call.bot, call.params
    url = params["url"].strip() if "url" in params else ""
    if not url:
        return await delete_webhook(call)
    _check_url(url)
    webhook = Webhook(
        url=url,
        secret_token=_checked_secret(params.get("secret_token")),
        max_connections=_checked_connections(params.get("max_connections", 40)),
        ip_address=params.get("ip_address"),
        has_certificate="certificate" in params,
    )
    same = bot.webhook is not None and bot.webhook.url == url
    call.description = "Webhook is already set" if same else "Webhook was set"
    _keep_allowed_updates(bot, params)
    if params.get("drop_pending_updates"):
        bot.pending.clear()
    bot.webhook = webhook
    call.sandbox.telegram_deliveries.start(bot)
    call.sandbox.changed()
    return True


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    # The original takes HTTPS only; a site on the same machine has no certificate.
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not secure or not parts.hostname:
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")


def _checked_secret(secret: str | None) -> str | None:
    if secret and not SECRET_TOKEN.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    return secret or None


def _checked_connections(number: int) -> int:
    if not 1 <= number <= 100:
        raise bad_request("max_connections must be between 1 and 100")
    return number


def _keep_allowed_updates(bot: Bot, params: Json) -> None:
    wanted = params.get("allowed_updates")
    if wanted is None:
        return
    unknown = [kind for kind in wanted if kind not in KINDS]
    if unknown:
        raise bad_request(f'unknown update type "{unknown[0]}" in allowed_updates')
    bot.allowed_updates = wanted


async def delete_webhook(call: Call) -> bool:
    bot = call.bot
    call.description = "Webhook was deleted" if bot.webhook else "Webhook is already deleted"
    call.sandbox.telegram_deliveries.stop(bot)
    bot.webhook = None
    if call.params.get("drop_pending_updates"):
        bot.pending.clear()
    call.sandbox.changed()
    return True


async def get_webhook_info(call: Call) -> Json:
    return webhook_info(call.bot)


def webhook_info(bot: Bot) -> Json:
    """The WebhookInfo of ``bot``."""
    hook = bot.webhook or Webhook(url="")
    body: Json = {
        "url": hook.url,
        "has_custom_certificate": hook.has_certificate,
        "pending_update_count": len(bot.pending),
    }
    if hook.url:
        body["max_connections"] = hook.max_connections
        body["ip_address"] = hook.ip_address or "127.0.0.1"
    if hook.last_error_at is not None:
        body["last_error_date"] = hook.last_error_at
        body["last_error_message"] = hook.last_error
    if bot.allowed_updates:
        body["allowed_updates"] = bot.allowed_updates
    return body


async def get_updates(call: Call) -> list[Json]:
    bot, params = call.bot, call.params
    if bot.webhook is not None:
        raise BotApiError(
            409,
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
        )
    limit = params.get("limit", 100)
    if not 1 <= limit <= 100:
        raise bad_request("limit must be between 1 and 100")
    _keep_allowed_updates(bot, params)
    _confirm(bot, params.get("offset", 0))
    if not bot.pending and params.get("timeout", 0) > 0:
        await _await_update(call, seconds=min(params["timeout"], LONGEST_POLL_SECONDS))
    return [update.as_json() for update in list(bot.pending.values())[:limit]]


def _confirm(bot: Bot, offset: int) -> None:
    """Forget what lies before ``offset``; a negative one counts from the end."""
    ids = list(bot.pending)
    gone = ids[:offset] if offset < 0 else [i for i in ids if i < offset]
    for update_id in gone:
        del bot.pending[update_id]


async def _await_update(call: Call, *, seconds: int) -> None:
    event = call.sandbox.telegram_deliveries.poll_event(call.bot)
    started = time.monotonic()
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
    if not call.bot.pending and time.monotonic() - started < seconds:
        raise BotApiError(
            409,
            "Conflict: terminated by other getUpdates request; "
            "make sure that only one bot instance is running",
        )


HANDLERS: dict[str, Handler] = {
    "getMe": get_me,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "getUpdates": get_updates,
}
