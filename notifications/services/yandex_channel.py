"""The channel "yandex": the site's bot in Yandex Messenger."""

from collections.abc import Collection, Mapping

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from integrations.selectors.yandex import find_yandex_bot
from integrations.services.calls import Call
from integrations.yandex.client import MAX_TEXT
from integrations.yandex.errors import (
    CLOSED_BY_PRIVACY,
    FORBIDDEN,
    OTHER_ORGANIZATION,
    USER_NOT_FOUND,
)
from integrations.yandex.sender import SENDER
from notifications.channels import Message, NoticeChannel
from notifications.models import ChannelAddress

NAME = "yandex"
ELLIPSIS = "…"
State = ChannelAddress.State


def find_addresses(people: Collection[User]) -> Mapping[int, str]:
    """Return the logins that were linked by a code."""
    rows = ChannelAddress.objects.filter(channel=NAME, user__in=people)
    return dict(rows.values_list("user_id", "address"))


def find_sender() -> str | None:
    """Return the bot, once Yandex has told us of it."""
    return SENDER if find_yandex_bot() is not None else None


def to_call(message: Message) -> Call:
    """Send plain text with the page's address below, cut to what Yandex takes."""
    page = f"\n\n{message.button}: {message.url}" if message.url else ""
    words, room = message.plain, MAX_TEXT - len(page)
    if len(words) > room:
        words = words[: room - len(ELLIPSIS)] + ELLIPSIS
    return send_text(message.address, words + page, key=message.key)


def send_text(login: str, text: str, *, key: str) -> Call:
    """Return the call that writes to a person; see ``integrations.yandex.sender.send``."""
    return Call("sendText", {"login": login, "text": text, "payload_id": key})


def budget_of(sender: str, address: str) -> str:
    """Return one person's allowance: a slow answer to one keeps nobody else waiting."""
    return f"{sender}:{address}"


YANDEX = NoticeChannel(
    name=NAME,
    label=_("Yandex Messenger"),
    icon="messages",
    rank=30,
    find_addresses=find_addresses,
    find_sender=find_sender,
    to_call=to_call,
    budget_of=budget_of,
    shown=lambda user, address: address,
    add_url="notifications:yandex",
    states={
        CLOSED_BY_PRIVACY: State.BLOCKED,
        OTHER_ORGANIZATION: State.BROKEN,
        USER_NOT_FOUND: State.BROKEN,
    },
    strikes=frozenset({FORBIDDEN}),
    is_on=lambda: bool(settings.YANDEX_BOT_TOKEN),
)
