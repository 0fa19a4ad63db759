"""Deep links into the platform bot: ``https://t.me/<bot>?start=<prefix>-<rest>``.

An app above registers what its prefix means; what is left over gets the usual greeting.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from config.lib.registry import Registry
from integrations.models import Bot

SEPARATOR = "-"


@dataclass(frozen=True, slots=True)
class Start:
    """Somebody who came by a deep link.

    :param rest: what stood behind the prefix: up to 64 of ``A-Za-z0-9_-`` altogether.
    :param person: who it is in Telegram, as the Bot API's ``User``.
    :param user: who it is here, if known.
    """

    bot: Bot
    rest: str
    person: Mapping[str, Any]
    user: User | None


@dataclass(frozen=True, slots=True)
class StartAnswer:
    """What the bot says instead of its greeting, or before it.

    :param text: without markup, in the active language, which is the reader's.
    :param button: what stands on a button that opens ``url``.
    :param url: a page of the site; with no secret in it, for it is stored.
    :param is_greeted: the greeting with its menu follows in the same message, and no button.
    """

    text: str
    button: str = ""
    url: str = ""
    is_greeted: bool = False


StartHandler = Callable[[Start], StartAnswer | None]

_handlers: Registry[StartHandler] = Registry("start payload")


def register_start_payload(prefix: str, handler: StartHandler) -> None:
    """Say what ``/start <prefix>-<rest>`` means. Called in ``AppConfig.ready()`` only.

    The handler runs in the transaction of the update, may run twice for one, calls nothing
    outside, and returns ``None`` for a rest that means nothing to it.
    """
    _handlers.register(prefix, handler)


def answer_start(payload: str, start: Callable[[str], Start]) -> StartAnswer | None:
    """Return what the handler of a payload answers, or ``None`` for the usual greeting.

    :param start: makes the handler's argument of the rest.
    """
    prefix, _, rest = payload.partition(SEPARATOR)
    handler = _handlers.find(prefix)
    return handler(start(rest)) if handler else None
