"""How a visitor may come in with Telegram: what the pages for it offer."""

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from accounts.bots import PLATFORM, get_bot
from accounts.telegram import oidc
from accounts.telegram.errors import TelegramRefusedError
from accounts.web.sign_in import invitation_token

# In the signed cookie: proves that the widget was pressed on a page of this browser's own.
WIDGET_KEY = "widget"
WIDGET_SCRIPT = "https://telegram.org/js/telegram-widget.js?22"
# What the widget needs beyond the site's own policy. Source: core.telegram.org/widgets/login
WIDGET_POLICY = {
    "script-src": ["'self'", "https://telegram.org"],
    "frame-src": ["https://oauth.telegram.org"],
}
# Means nothing to the bot, which then greets as always: with a link that signs in.
_START_LOGIN = "login"


@dataclass(frozen=True, slots=True)
class TelegramWays:
    """Where each way begins; an empty text is a way that is not open here.

    :param oidc_url: "Log in with Telegram", on this site.
    :param bot_url: opens the platform's bot, which answers with a link that signs in.
    :param bot_name: that bot's user name.
    :param widget_url: where the Login Widget sends the browser; on this site, as a whole address.
    """

    oidc_url: str = ""
    bot_url: str = ""
    bot_name: str = ""
    widget_url: str = ""

    @property
    def is_any(self) -> bool:
        return bool(self.oidc_url or self.bot_url or self.widget_url)

    @property
    def widget_script(self) -> str:
        return WIDGET_SCRIPT


def find_ways(request: HttpRequest, *, target: str) -> TelegramWays:
    """Return the ways that are set up.

    :param target: where to go on this site afterwards. The bot's link leads home instead, to an
        organization of one's own, so whoever follows an invitation is not sent to the bot.
    """
    bot_name = platform_bot_name()
    is_invited = invitation_token(target) is not None
    begin = f"{reverse('accounts:telegram-login')}?{urlencode({'next': target})}"
    return TelegramWays(
        oidc_url=begin if oidc.is_configured() else "",
        bot_url=bot_url(bot_name, _START_LOGIN) if bot_name and not is_invited else "",
        bot_name=bot_name,
        widget_url=_widget_url(request, target) if bot_name else "",
    )


def bot_url(bot_name: str, payload: str) -> str:
    """Return what opens a bot in Telegram and has it hear ``/start <payload>``."""
    return f"{settings.TELEGRAM_LINK_BASE}/{bot_name}?{urlencode({'start': payload})}"


def platform_bot_name() -> str:
    """Return the user name of the platform's bot; empty if none is in service."""
    try:
        return get_bot(PLATFORM).username
    except TelegramRefusedError:
        return ""


def _widget_url(request: HttpRequest, target: str) -> str:
    """Return an address that only this browser can use: the widget comes back by a plain GET."""
    if not settings.TELEGRAM_LOGIN_WIDGET:
        return ""
    state = request.session.setdefault(WIDGET_KEY, secrets.token_urlsafe(24))
    query = urlencode({"next": target, "state": state})
    return f"{settings.SITE_URL}{reverse('accounts:telegram-widget')}?{query}"
