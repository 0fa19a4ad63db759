"""What people say to the platform's bot, and ``/getid`` to any bot. Nothing here calls Telegram:
each answer is a delivery, and ``bot_replies`` makes it just before it leaves.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone, translation

from accounts.models import User
from accounts.services.people import update_profile
from integrations.models import Bot, InboundEvent
from integrations.services.outbox import deliver
from notifications.models import ChannelAddress
from notifications.selectors.people import find_by_telegram, language_for
from notifications.services.bot_replies import ANSWER_PRESS, EDIT_SETTINGS, LANGUAGE, NOTICES, REPLY
from notifications.services.preferences import set_wanted
from notifications.services.start_payloads import Start, answer_start

REPLY_LIFE = timedelta(hours=1)
# Telegram forgets a press soon, and an answer that comes later is refused.
PRESS_LIFE = timedelta(minutes=1)
_COMMAND = re.compile(r"/([a-z]{1,32})(?:@(\w+))?(?:\s+(\S+))?\s*", re.ASCII | re.IGNORECASE)
_PRIVATE_COMMANDS = ("start", "help", "settings")

Json = Mapping[str, Any]


def take_command(event: InboundEvent, message: Json) -> bool:
    """Answer a command that is meant for us; return whether it was.

    ``/getid`` is answered by every bot in every chat, the others by the platform's in private.

    :param message: a Bot API ``Message``, also a channel's post.
    """
    matched = _COMMAND.fullmatch(str(message.get("text") or ""))
    if matched is None or (message.get("from", {}).get("is_bot") and "sender_chat" not in message):
        return False
    bot = _find_bot(event.account_id, addressed=matched[2])
    if bot is None:
        return False
    command = matched[1].lower()
    if command == "getid":
        _reply(event, bot, message, {"reply": "getid"})
        return True
    if not bot.is_platform or command not in _PRIVATE_COMMANDS or not _is_private(message):
        return False
    content = _start(bot, message, matched[3]) if command == "start" else {"reply": command}
    _reply(event, bot, message, content)
    return True


def take_press(event: InboundEvent, query: Json) -> bool:
    """Do what a button under the bot's settings says; return whether it was one.

    :param query: a Bot API ``CallbackQuery``.
    """
    name, _, value = str(query.get("data") or "").partition(":")
    message = query.get("message") or {}
    if name not in (LANGUAGE, NOTICES) or not _is_private(message):
        return False
    bot = Bot.objects.filter(pk=event.account_id, is_platform=True).first()
    user = find_by_telegram(query["from"]["id"])
    if bot is None or user is None:
        return False
    _apply(user, name, value)
    common = {"chat_id": message["chat"]["id"], "person": _kept(query["from"])}
    _deliver(
        event,
        bot,
        ANSWER_PRESS,
        {**common, "query_id": query["id"]},
        lane=f"press:{query['id']}",
        life=PRESS_LIFE,
    )
    _deliver(event, bot, EDIT_SETTINGS, {**common, "message_id": message["message_id"]})
    return True


def _start(bot: Bot, message: Json, payload: str | None) -> dict[str, Any]:
    person = message["from"]
    user = find_by_telegram(person["id"])
    with translation.override(language_for(person, user)):
        answer = answer_start(
            payload or "", lambda rest: Start(bot=bot, rest=rest, person=person, user=user)
        )
    if answer is None:
        return {"reply": "start"}
    return {"reply": "said", "text": answer.text, "button": answer.button, "url": answer.url}


def _apply(user: User, name: str, value: str) -> None:
    if name == LANGUAGE and value in dict(settings.LANGUAGES):
        update_profile(user=user, changes={"lang_code": value})
    elif name == NOTICES and value in ("on", "off"):
        set_wanted(user, ChannelAddress.Channel.TELEGRAM, is_wanted=value == "on")


def _reply(event: InboundEvent, bot: Bot, message: Json, content: Json) -> None:
    payload = {
        **content,
        "chat_id": message["chat"]["id"],
        "thread_id": message.get("message_thread_id") if _is_topic(message) else None,
        "message_id": message["message_id"],
        "person": _kept(message.get("from", {})),
    }
    _deliver(event, bot, REPLY, payload)


def _deliver(
    event: InboundEvent,
    bot: Bot,
    kind: str,
    payload: Json,
    *,
    lane: str = "",
    life: timedelta = REPLY_LIFE,
) -> None:
    deliver(
        kind=kind,
        sender=bot.sender,
        lane=lane or f"replies:{bot.pk}:{payload['chat_id']}",
        budget_key=f"{bot.sender}:{payload['chat_id']}",
        payload=payload,
        idempotency_key=f"{kind}:{event.pk}",
        expires_at=timezone.now() + life,
    )


def _find_bot(bot_id: UUID, *, addressed: str | None) -> Bot | None:
    bot = Bot.objects.filter(pk=bot_id).first()
    if bot is None or (addressed and addressed.lower() != bot.username.lower()):
        return None
    return bot


def _is_private(message: Json) -> bool:
    return bool(message.get("chat", {}).get("type") == "private")


def _is_topic(message: Json) -> bool:
    """Outside of forums ``message_thread_id`` means a thread of replies."""
    return bool(message.get("is_topic_message"))


def _kept(person: Json) -> dict[str, Any]:
    """Return what an answer needs of a person in Telegram."""
    names = ("id", "username", "first_name", "last_name", "language_code")
    return {name: person[name] for name in names if name in person}
