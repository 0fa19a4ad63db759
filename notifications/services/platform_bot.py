"""What people say to the platform's bot, and ``/getid`` to any bot. Nothing here calls Telegram:
each answer is a delivery, made just before it leaves (``bot_replies``, ``bot_screens``).
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.lib.errors import AppError
from integrations.models import Bot, Delivery, InboundEvent
from integrations.services.outbox import deliver
from notifications.selectors.people import find_by_telegram, language_for
from notifications.services import bot_menu
from notifications.services.admitting import admit
from notifications.services.bot_menu import Deed, Show, Turn
from notifications.services.bot_replies import REPLY
from notifications.services.bot_screens import ANSWER_PRESS, SCREEN
from notifications.services.start_payloads import Start, answer_start

REPLY_LIFE = timedelta(hours=1)
# Telegram forgets a press soon, and an answer that comes later is refused.
PRESS_LIFE = timedelta(minutes=1)
_COMMAND = re.compile(r"/([a-z]{1,32})(?:@(\w+))?(?:\s+(\S+))?\s*", re.ASCII | re.IGNORECASE)
_PRIVATE_COMMANDS = ("start", "help")
_VALUE = re.compile(r"[\x21-\x7e]{0,60}")
# What people send for us to see; the rest of what comes as a message tells of the chat itself.
_CONTENTS = frozenset(
    ("text", "photo", "video", "voice", "audio", "document", "animation", "video_note", "sticker")
)

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
    if not bot.is_platform or not _is_private(message):
        return False
    if command in _PRIVATE_COMMANDS:
        content = _start(bot, message, matched[3]) if command == "start" else {"reply": command}
        _reply(event, bot, message, content)
        return True
    deed = bot_menu.deeds_of_commands.find(command)
    return deed is not None and _answer_message(event, bot, message, deed)


def take_words(event: InboundEvent, message: Json) -> bool:
    """Hand on what a person writes to the platform's bot in private; return whether it was that.

    :param message: a Bot API ``Message``.
    """
    text = str(message.get("text") or "")
    if not _is_private(message) or text.startswith("/") or _CONTENTS.isdisjoint(message):
        return False
    bot = Bot.objects.filter(pk=event.account_id, is_platform=True).first()
    return bot is not None and _answer_message(event, bot, message, _hear)


def take_press(event: InboundEvent, query: Json) -> bool:
    """Do what a button under a message of the platform's bot says; return whether it was one.

    Every press is answered, so that no button keeps turning.

    :param query: a Bot API ``CallbackQuery``.
    """
    message = _mapping(query.get("message"))
    bot = Bot.objects.filter(pk=event.account_id, is_platform=True).first()
    if bot is None or not _is_private(message):
        return False
    if _is_answered(event):
        return True
    data, person = str(query.get("data") or ""), _kept(_mapping(query.get("from")))
    prefix, _colon, value = data.removeprefix(bot_menu.BELOW).partition(":")
    deed = bot_menu.presses.find(prefix) if _VALUE.fullmatch(value) else None
    try:
        user = admit(person)
    except AppError as error:
        _answer_press(event, bot, message, query, toast=_words_of(error, person))
        return True
    turn = Turn(bot, user, value=value, event_id=event.pk)
    show = _carry_out(deed, turn, person) if deed else None
    if show is None:
        with translation.override(language_for(person, user)):
            toast = _("This button does nothing any more. Send /start.")
        _answer_press(event, bot, message, query, toast=toast)
        return True
    _answer_press(event, bot, message, query, toast=show.toast)
    # A picture has no words that could be changed.
    is_change = not data.startswith(bot_menu.BELOW) and "text" in message
    changed = message.get("message_id") if is_change else None
    _show(event, bot, message, person, show, changed=changed)
    return True


def _answer_message(event: InboundEvent, bot: Bot, message: Json, deed: Deed) -> bool:
    if _is_answered(event):
        return True
    person = _kept(_mapping(message.get("from")))
    try:
        user = admit(person)
    except AppError as error:
        words = {"text": _words_of(error, person), "button": "", "url": ""}
        _reply(event, bot, message, {"reply": "said", **words})
        return True
    turn = Turn(
        bot,
        user,
        event_id=event.pk,
        text=str(message.get("text") or message.get("caption") or ""),
        is_reply=bool(
            _mapping(_mapping(message.get("reply_to_message")).get("from")).get("is_bot")
        ),
    )
    show = _carry_out(deed, turn, person)
    if show is not None:
        _show(event, bot, message, person, show)
    return show is not None


def _is_answered(event: InboundEvent) -> bool:
    """Tell whether an update that comes once more has had its deed."""
    return Delivery.objects.filter(idempotency_key=f"{SCREEN}:{event.pk}").exists()


def _carry_out(deed: Deed, turn: Turn, person: Json) -> Show | None:
    with translation.override(language_for(person, turn.user)):
        try:
            with transaction.atomic():
                return deed(turn)
        except AppError as error:
            return Show(bot_menu.WORDS, note=_detail_of(error))


def _hear(turn: Turn) -> Show | None:
    answers = (hear(turn) for hear in bot_menu.hearers.values())
    return next((show for show in answers if show is not None), None)


def _words_of(error: AppError, person: Json) -> str:
    with translation.override(language_for(person, None)):
        return _detail_of(error)


def _detail_of(error: AppError) -> str:
    return " ".join(str(field.message) for field in error.fields) or str(error.detail)


def _start(bot: Bot, message: Json, payload: str | None) -> dict[str, Any]:
    person = message["from"]
    user = find_by_telegram(person["id"])
    with translation.override(language_for(person, user)):
        answer = answer_start(
            payload or "", lambda rest: Start(bot=bot, rest=rest, person=person, user=user)
        )
    if answer is None:
        return {"reply": "start"}
    if answer.is_greeted:
        return {"reply": "start", "text": answer.text}
    return {"reply": "said", "text": answer.text, "button": answer.button, "url": answer.url}


def _reply(event: InboundEvent, bot: Bot, message: Json, content: Json) -> None:
    payload = {
        **content,
        "chat_id": message["chat"]["id"],
        "thread_id": message.get("message_thread_id") if _is_topic(message) else None,
        "message_id": message["message_id"],
        "person": _kept(message.get("from", {})),
    }
    _deliver(event, bot, REPLY, payload)


def _show(
    event: InboundEvent,
    bot: Bot,
    message: Json,
    person: Json,
    show: Show,
    *,
    changed: int | None = None,
) -> None:
    """Answer with a screen.

    :param changed: the message that it takes the place in.
    """
    payload = {
        "screen": show.screen,
        "value": show.value,
        "note": show.note,
        "chat_id": message["chat"]["id"],
        "message_id": changed,
        "person": person,
    }
    _deliver(event, bot, SCREEN, payload)


def _answer_press(event: InboundEvent, bot: Bot, message: Json, query: Json, *, toast: str) -> None:
    payload = {"chat_id": message["chat"]["id"], "query_id": query["id"], "toast": toast}
    lane = f"press:{query['id']}"
    _deliver(event, bot, ANSWER_PRESS, payload, lane=lane, life=PRESS_LIFE)


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
    return bool(_mapping(message.get("chat")).get("type") == "private")


def _is_topic(message: Json) -> bool:
    """Outside of forums ``message_thread_id`` means a thread of replies."""
    return bool(message.get("is_topic_message"))


def _mapping(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _kept(person: Json) -> dict[str, Any]:
    """Return what an answer needs of a person in Telegram."""
    names = ("id", "username", "first_name", "last_name", "language_code")
    return {name: person[name] for name in names if name in person}
