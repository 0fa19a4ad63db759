"""The platform's bot's own screen: language and notices."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.services.people import update_profile
from notifications.models import ChannelAddress
from notifications.services import bot_menu
from notifications.services.bot_menu import Button, Screen, Show, Turn
from notifications.services.bot_screens import menu_button
from notifications.services.preferences import is_wanted, set_wanted

SETTINGS = "settings"
# What the data of its buttons begins with.
LANGUAGE = "language"
NOTICES = "notices"
_LANGUAGES = (("ru", "Русский"), ("en", "English"))


def register() -> None:
    """Add the screen, its buttons and ``/settings``. Called once, by ``handlers.register``."""
    bot_menu.register_screen(SETTINGS, show_settings)
    bot_menu.register_press(SETTINGS, open_settings)
    bot_menu.register_press(LANGUAGE, choose_language)
    bot_menu.register_press(NOTICES, choose_notices)
    bot_menu.register_command(
        SETTINGS, open_settings, gettext_lazy("language and notices"), rank=80
    )
    bot_menu.register_menu_item(
        SETTINGS, label=gettext_lazy("Language and notices"), data=f"{SETTINGS}:", rank=80
    )


def open_settings(turn: Turn) -> Show:
    return Show(SETTINGS)


def show_settings(user: User, value: str) -> Screen:
    """The settings as they are now."""
    current = translation.get_language()
    languages = [
        Button(_marked(name, is_on=code == current), f"{LANGUAGE}:{code}")
        for code, name in _LANGUAGES
    ]
    is_on = is_wanted(user, ChannelAddress.Channel.TELEGRAM)
    notices = [
        Button(_marked(_("Notices on"), is_on=is_on), f"{NOTICES}:on"),
        Button(_marked(_("Notices off"), is_on=not is_on), f"{NOTICES}:off"),
    ]
    text = _("<b>Settings</b>\nWhat concerns the safety of your account is told in any case.")
    return Screen(text, [languages, notices, [menu_button()]])


def choose_language(turn: Turn) -> Show | None:
    """Speak another language from now on, on the site too."""
    if turn.value not in dict(settings.LANGUAGES):
        return None
    update_profile(user=turn.user, changes={"lang_code": turn.value})
    with translation.override(turn.value):
        return Show(SETTINGS, toast=_("Saved."))


def choose_notices(turn: Turn) -> Show | None:
    """Tell what is not mandatory over Telegram, or no more."""
    if turn.value not in ("on", "off"):
        return None
    set_wanted(turn.user, ChannelAddress.Channel.TELEGRAM, is_wanted=turn.value == "on")
    return Show(SETTINGS, toast=_("Saved."))


def _marked(text: str, *, is_on: bool) -> str:
    return f"✓ {text}" if is_on else text
