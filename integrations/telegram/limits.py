"""What a Bot API call spends: the numbers of the Bot API's FAQ, as settings."""

from collections.abc import Sequence

from django.conf import settings

from integrations.models import Delivery
from integrations.services.calls import Call, Limit
from integrations.services.rates import limit_per_second

# Not what a chat's members read: Telegram counts it towards the bot alone.
_QUIET_SENDS = frozenset({"sendChatAction"})
_CONTENT_PREFIXES = ("send", "copyMessage", "forwardMessage")
_CHANGE_PREFIXES = ("edit", "createForumTopic", "closeForumTopic", "reopenForumTopic")
# Fewer a second leave no room between an even pace and all that may be in the air.
EVEN_FROM = 10
_CHANGES = frozenset({"deleteForumTopic", "stopMessageLiveLocation", "stopPoll"})


def limits(delivery: Delivery, call: Call) -> Sequence[Limit]:
    """Return whose allowances a call spends: the bot's, a chat's per second, a group's per minute.

    Numbers of the Bot API's FAQ, as settings. A forum group is one chat with all its topics.
    """
    sender = delivery.sender
    found = _of_bot(sender, settings.TELEGRAM_BOT_PER_SECOND)
    chat = call.params.get("chat_id")
    if chat is None:
        return found
    is_message = call.method.startswith(_CONTENT_PREFIXES) and call.method not in _QUIET_SENDS
    if is_message:
        found.append(limit_per_second(f"{sender}:{chat}:s", settings.TELEGRAM_CHAT_PER_SECOND))
    if str(chat).startswith(("-", "@")) and (is_message or _changes_content(call.method)):
        per_minute = settings.TELEGRAM_GROUP_PER_MINUTE
        found.append(Limit(f"{sender}:{chat}:m", max(1, int(per_minute)), 60.0))
    return found


def _of_bot(sender: str, rate: float) -> list[Limit]:
    """Return the bot's whole pace: even, so that no round trip is lost, and never so many in the
    air that they could fill Telegram's allowance by coming at once.
    """
    if rate < EVEN_FROM:
        return [limit_per_second(sender, rate)]
    third = int(rate) // 3
    return [Limit(sender, int(rate), 1.0, burst=third), Limit(f"{sender}:all-air", 2 * third, 0)]


def _changes_content(method: str) -> bool:
    return method.startswith(_CHANGE_PREFIXES) or method in _CHANGES
