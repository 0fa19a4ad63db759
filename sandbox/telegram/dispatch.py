"""From a method's name to its call: parameters, allowances, effect."""

import json
from typing import TYPE_CHECKING, Any

from sandbox.allowances import Allowance

from .calls import HANDLERS, Call
from .errors import BotApiError, too_many_requests
from .params import journaled, parse
from .state import Bot
from .table import CANONICAL

if TYPE_CHECKING:
    from sandbox.core import Sandbox

Json = dict[str, Any]

SENDING = frozenset(
    (
        "sendMessage",
        "sendPhoto",
        "sendVoice",
        "sendAudio",
        "sendDocument",
        "sendVideo",
        "sendAnimation",
        "sendVideoNote",
        "sendSticker",
        "sendLocation",
        "sendVenue",
        "sendContact",
        "sendMediaGroup",
        "copyMessage",
    )
)
# What makes or changes something that all members of a chat see.
CONTENT = SENDING | {
    "editMessageText",
    "editMessageCaption",
    "editMessageMedia",
    "editMessageReplyMarkup",
    "createForumTopic",
    "editForumTopic",
    "closeForumTopic",
    "reopenForumTopic",
    "deleteForumTopic",
}
# What weighs on the bot as a whole, but on no chat.
BOT_ONLY = frozenset({"setMessageReaction"})


async def execute(sandbox: "Sandbox", bot: Bot, method: str, params: Json) -> Json:
    """The whole answer to a call with parsed ``params``.

    :raises BotApiError: the call is refused; nothing was changed.
    """
    _spend_allowance(sandbox, bot, method, params)
    call = Call(sandbox=sandbox, bot=bot, method=method, params=params)
    result = await HANDLERS[method](call)
    body: Json = {"ok": True, "result": result}
    if call.description:
        body["description"] = call.description
    return body


def _spend_allowance(sandbox: "Sandbox", bot: Bot, method: str, params: Json) -> None:
    chat_id = params.get("chat_id")
    if method not in CONTENT | BOT_ONLY or chat_id is None:
        return
    settings = sandbox.settings
    per_bot, per_chat = settings.telegram_bot_per_second, settings.telegram_chat_per_second
    # Each photo of an album is a message.
    messages = len(params["media"]) if method == "sendMediaGroup" else 1
    whole = Allowance(key=("telegram", bot.id), per_second=per_bot, capacity=per_bot)
    wanted = [whole] * messages
    if method in SENDING:
        key = ("telegram", "chat", bot.id, chat_id)
        wanted.append(Allowance(key=key, per_second=per_chat, capacity=max(1.0, per_chat)))
    if method in CONTENT and isinstance(chat_id, int) and chat_id < 0:
        rate = settings.telegram_group_per_minute
        key = ("telegram", "group", bot.id, chat_id)
        wanted += [Allowance(key=key, per_second=rate / 60, capacity=rate)] * messages
    retry_after = sandbox.allowances.spend(*wanted)
    if retry_after:
        raise too_many_requests(retry_after)


async def call_from_webhook(sandbox: "Sandbox", bot: Bot, answer: bytes) -> None:
    """Carry out the call that a webhook's answer may hold; as at Telegram, nobody hears of it."""
    raw = _call_in(answer)
    method = CANONICAL.get(str(raw.pop("method", "")).lower())
    if method is None:
        return
    entry = sandbox.journal.open((f"telegram.{method}",), account=bot.token, params=journaled(raw))
    try:
        entry.params = parse(method, raw)
        await execute(sandbox, bot, method, entry.params)
        entry.status = 200
    except BotApiError as error:
        entry.status = error.code


def _call_in(answer: bytes) -> Json:
    if not answer.lstrip().startswith(b"{"):
        return {}
    try:
        raw = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return raw if isinstance(raw, dict) else {}
