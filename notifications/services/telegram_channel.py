"""The channel "telegram": the platform's bot."""

from collections.abc import Collection, Mapping

from django.conf import settings

from accounts.models import User
from config.lib.mini_app import opens_in_app, web_app_url
from integrations.models import Bot
from integrations.services.calls import Call
from notifications.channels import Message, NoticeChannel
from notifications.models import ChannelAddress
from notifications.services.bot_menu import BELOW

BAD_MARKUP = "bad_markup"
# What Telegram says of a button whose address is no name of the web, among other things.
REFUSED_BUTTON = "bad_request"
State = ChannelAddress.State


def find_addresses(people: Collection[User]) -> Mapping[int, str]:
    """Return the chats with those who have linked Telegram."""
    return {person.pk: str(person.telegram_id) for person in people if person.telegram_id}


def find_sender() -> str | None:
    """Return the platform's bot, unless it is switched off."""
    bot = Bot.objects.filter(is_platform=True, status=Bot.Status.ACTIVE).first()
    return bot.sender if bot is not None else None


def to_call(message: Message) -> Call:
    """Send HTML with buttons; what Telegram has refused of that is left away."""
    rows: list[list[dict[str, object]]] = [
        [{"text": text, "callback_data": f"{BELOW}{data}"}] for text, data in message.actions
    ]
    params: dict[str, object] = {"chat_id": int(message.address)}
    if message.refused:
        words = [message.plain, f"{message.button}: {message.url}" if message.url else ""]
        params["text"] = "\n".join(filter(None, words))
    else:
        params |= {"text": message.html, "parse_mode": "HTML"}
        if message.url:
            rows.append([page_button(message.button, message.url)])
    if rows:
        params["reply_markup"] = {"inline_keyboard": rows}
    return Call("sendMessage", params)


def page_button(text: str, url: str) -> dict[str, object]:
    """Return a button that opens a page of the site: in Telegram where it can be shown there, else
    in the browser in which the person is signed in.
    """
    path = url.removeprefix(settings.SITE_URL)
    return app_button(text, web_app_url(path)) if opens_in_app(path) else {"text": text, "url": url}


def app_button(text: str, url: str) -> dict[str, object]:
    """Return a button that opens a page as a Mini App; a plain link where Telegram would refuse.

    Telegram opens apps over HTTPS only; the stand-in of a developer's machine asks for none.
    """
    stands_in = settings.SANDBOX_URL and settings.TELEGRAM_API_BASE.startswith(settings.SANDBOX_URL)
    if url.startswith("https://") or stands_in:
        return {"text": text, "web_app": {"url": url}}
    return {"text": text, "url": url}


def _shown(user: User, address: str) -> str:
    return f"@{user.telegram_username}" if user.telegram_username else address


TELEGRAM = NoticeChannel(
    name="telegram",
    label="Telegram",
    icon="brand-telegram",
    rank=10,
    find_addresses=find_addresses,
    find_sender=find_sender,
    to_call=to_call,
    budget_of=lambda sender, address: f"{sender}:{address}",
    shown=_shown,
    add_url="accounts:telegram",
    # Bot API codes (integrations.telegram.errors) that say for good how somebody can be reached.
    states={
        "bot_blocked": State.BLOCKED,
        "user_deactivated": State.BLOCKED,
        "never_started": State.NEVER_STARTED,
        "chat_not_found": State.BROKEN,
    },
    strikes=frozenset({"forbidden"}),
    simpler_after=frozenset({BAD_MARKUP, REFUSED_BUTTON}),
)
