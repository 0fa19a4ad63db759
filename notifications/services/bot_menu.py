"""What the platform's bot offers in private, filled by the apps above: its menu, its screens, and
what presses, commands and plain words do.

A deed (a press, a command, words) runs in the transaction of the update and names a screen; the
screen is made just before it leaves, in the reader's language and as things are then, so what it
shows is stored nowhere. Its refusals are the bot's words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from config.lib.registry import Registry
from integrations.models import Bot
from integrations.services import bot_commands
from notifications.services.kinds import Text

MENU = "menu"
# A screen of nothing but what was just said.
WORDS = "words"
# A press that begins with it is answered below what it stands under, which stays as it is.
BELOW = "new:"


@dataclass(frozen=True, slots=True)
class Button:
    """:param data: what a press of it says: ``<prefix>:<value>``, at most 64 ASCII characters (on
    a notice 60), of which 60 are the value.
    """

    text: str
    data: str


Rows = Sequence[Sequence[Button]]


@dataclass(frozen=True, slots=True)
class Screen:
    """What a message of the bot shows.

    :param html: the Bot API's HTML: at most 4096 characters, under a picture 1024.
    :param picture: a PNG above the words.
    :param prompt: what stands in the field in which an answer is now to be written.
    """

    html: str
    rows: Rows = ()
    picture: bytes = b""
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that a person does in their chat with the bot.

    :param value: what stands behind the prefix of a press.
    :param event_id: which update it was; a repeat of the update has the same.
    :param text: what was written, with a picture what stands under it; empty: nothing that can be
        read.
    :param is_reply: it answers something that the bot has said.
    """

    bot: Bot
    user: User
    value: str = ""
    event_id: int = 0
    text: str = ""
    is_reply: bool = False


@dataclass(frozen=True, slots=True)
class Show:
    """What the bot answers.

    :param value: what the screen is of; printable ASCII, no secret.
    :param note: words above the screen, without markup, in the reader's language.
    :param toast: what shows for a moment over the chat after a press; likewise.
    """

    screen: str
    value: str = ""
    note: str = ""
    toast: str = ""


Deed = Callable[[Turn], Show | None]
Render = Callable[[User, str], Screen]


@dataclass(frozen=True, slots=True)
class MenuItem:
    label: Text
    data: str
    rank: int


presses: Registry[Deed] = Registry("press of the platform's bot")
deeds_of_commands: Registry[Deed] = Registry("command of the platform's bot")
screens: Registry[Render] = Registry("screen of the platform's bot")
hearers: Registry[Deed] = Registry("hearer of the platform's bot")
_items: Registry[MenuItem] = Registry("menu item of the platform's bot")


def register_menu_item(name: str, *, label: Text, data: str, rank: int) -> None:
    """Add a button to the menu. Called, as all of these, in ``AppConfig.ready()`` only.

    :param data: what a press of it says.
    """
    _items.register(name, MenuItem(label, data, rank))


def register_press(prefix: str, deed: Deed) -> None:
    """Say what buttons do whose data begins with ``<prefix>:``.

    A deed runs in the transaction of the update and in the person's language, may run twice for
    one update, and calls nothing outside. What it raises as ``AppError`` is shown, and what it
    wrote is undone. ``None``: the button means nothing (any more).
    """
    presses.register(prefix, deed)


def register_command(name: str, deed: Deed, description: Text, *, rank: int = 50) -> None:
    """Add a command that people give in private; see ``register_press``."""
    deeds_of_commands.register(name, deed)
    bot_commands.register_command(name, description, rank=rank)


def register_screen(name: str, render: Render) -> None:
    """Say how a screen is made of a person and a value. What it raises as ``AppError`` is shown."""
    screens.register(name, render)


def register_hearer(name: str, deed: Deed) -> None:
    """Hear what people write in private that is no command; the first answer counts."""
    hearers.register(name, deed)


def menu_rows() -> list[list[Button]]:
    """Return the menu's buttons in the active language."""
    items = sorted(_items.values(), key=lambda item: item.rank)
    return [[Button(str(item.label), item.data)] for item in items]


def keyboard(rows: Rows) -> list[list[dict[str, Any]]]:
    """Return buttons as the Bot API's ``InlineKeyboardMarkup`` has them."""
    return [[{"text": key.text, "callback_data": key.data} for key in row] for row in rows]
