"""What is written to the site's bot in Yandex Messenger comes into the one inbox.

Yandex sends updates to an address or keeps them to be fetched, never both. The address holds a
secret that is made of the token and of ``SECRET_KEY``, so that nothing has to be stored before
Yandex hears of it.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from config.lib.advisory import try_advisory_lock
from config.lib.correlation import correlated
from config.lib.http import OutsideError, SignInError
from integrations.models import Hold, YandexBot
from integrations.selectors.yandex import find_yandex_bot, token_hash
from integrations.services.bots import hash_secret
from integrations.services.holds import place_hold
from integrations.services.inbox import receive
from integrations.services.webhooks import Answer, BadBodyError, storable
from integrations.yandex.client import MAX_UPDATES, YandexClient
from integrations.yandex.errors import BAD_TOKEN, BAD_TOKEN_HOLD_SECONDS
from integrations.yandex.sender import SENDER

logger = logging.getLogger(__name__)

SOURCE = "yandex"
WEBHOOK_PATH = "/api/webhooks/yandex"
# Somebody may have changed the address in Yandex's own console.
TOLD_LIFE = timedelta(days=1)
LOGIN_LENGTH = 128
_SECRET_LENGTH = 43


class BotUnknownError(Exception):
    """An update came before the answer that says whose it is. Yandex brings it again."""


def webhook_secret() -> str:
    """Return the last part of the webhook's address."""
    words = f"yandex-webhook:{settings.YANDEX_BOT_TOKEN}".encode()
    digest = hmac.new(settings.SECRET_KEY.encode(), words, hashlib.sha256).hexdigest()
    return digest[:_SECRET_LENGTH]


def receive_webhook(*, secret: str, body: bytes) -> Answer:
    """Store the updates of one request, each once, and ring for them.

    :raises BadBodyError: this is not what Yandex sends; nothing is stored.
    :raises BotUnknownError: our bot's first update is faster than its introduction.
    """
    expected = webhook_secret()
    if not settings.YANDEX_BOT_TOKEN or not hmac.compare_digest(secret.encode(), expected.encode()):
        return Answer.UNKNOWN
    updates = _read_updates(body)
    bot = find_yandex_bot()
    if bot is None:
        raise BotUnknownError
    return Answer.STORED if store(bot.pk, updates) else Answer.IGNORED


def poll_due() -> int:
    """Fetch what was written to the bot; return how many updates there were.

    Any number of processes may poll at once: one does. With a webhook only the address is told,
    once a day. What goes wrong is logged and never raised.
    """
    if not settings.YANDEX_BOT_TOKEN:
        return 0
    with try_advisory_lock("yandex-poll") as is_mine, correlated(""):
        if not is_mine or Hold.objects.filter(key=SENDER, until__gt=Now()).exists():
            return 0
        try:
            bot = _introduce()
            return 0 if settings.YANDEX_WEBHOOK else _poll(bot)
        except SignInError as error:
            place_hold(key=SENDER, seconds=BAD_TOKEN_HOLD_SECONDS, reason=BAD_TOKEN)
            logger.error("the bot's token is refused", extra={"error": str(error)})
        except OutsideError as error:
            logger.warning("Yandex Messenger not asked", extra={"error": str(error)})
    return 0


def store(bot_id: UUID, updates: Iterable[Mapping[str, Any]]) -> int:
    """Take updates into the inbox, each once; return how many of them made sense."""
    stored = 0
    for update in updates:
        update_id, login = update.get("update_id"), _login_of(update)
        if type(update_id) is not int or not login:
            continue
        receive(
            source=SOURCE,
            account_id=bot_id,
            external_id=str(update_id),
            lane=f"{SOURCE}:{bot_id}:{login}",
            payload=storable(update),
        )
        stored += 1
    return stored


def kind_of_yandex(payload: Mapping[str, Any]) -> str:
    """Return the kind of an update: all are messages."""
    return "message" if "message_id" in payload else ""


def _introduce() -> YandexBot:
    """Tell Yandex where updates go, unless it knows; return whose token it is."""
    url = f"{settings.SITE_URL}{WEBHOOK_PATH}/{webhook_secret()}" if settings.YANDEX_WEBHOOK else ""
    url_hash = hash_secret(url) if url else b""
    bot = find_yandex_bot()
    if bot and bytes(bot.webhook_hash) == url_hash and timezone.now() - bot.told_at < TOLD_LIFE:
        return bot
    said = YandexClient(settings.YANDEX_BOT_TOKEN).set_webhook(url or None)
    bot, _ = YandexBot.objects.update_or_create(
        pk=UUID(said["id"]),
        defaults={
            "login": said["login"][:254],
            "display_name": str(said.get("display_name") or "")[:254],
            "token_hash": token_hash(),
            "webhook_hash": url_hash,
            "told_at": timezone.now(),
        },
    )
    return bot


def _poll(bot: YandexBot) -> int:
    client, total = YandexClient(settings.YANDEX_BOT_TOKEN), 0
    while True:
        updates = client.get_updates(offset=bot.next_update_id)
        total += store(bot.pk, updates)
        # Only what is stored may be forgotten there.
        newest = max((update["update_id"] for update in updates), default=0)
        if newest >= bot.next_update_id:
            bot.next_update_id = newest + 1
            bot.save(update_fields=["next_update_id"])
        if len(updates) < MAX_UPDATES:
            return total


def _read_updates(body: bytes) -> list[dict[str, Any]]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise BadBodyError("not JSON") from None
    updates = document.get("updates") if isinstance(document, dict) else None
    if not isinstance(updates, list) or not all(isinstance(update, dict) for update in updates):
        raise BadBodyError("updates")
    return updates


def _login_of(update: Mapping[str, Any]) -> str:
    """Return who wrote; a channel's posts have no login, and mean nothing to us."""
    sender = update.get("from")
    login = sender.get("login") if isinstance(sender, dict) else None
    is_usable = isinstance(login, str) and 0 < len(login) <= LOGIN_LENGTH and "\x00" not in login
    return str(login) if is_usable else ""
