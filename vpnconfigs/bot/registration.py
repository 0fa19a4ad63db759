"""The shop's part of the platform's bot, as it is registered."""

from django.utils.translation import gettext_lazy as _

from notifications.services import bot_menu
from notifications.services.bot_menu import Deed, Render, Show, Turn
from vpnconfigs.bot import config_screens, deeds, shop_screens, support
from vpnconfigs.bot.data import PREFIX, press

# Whose verb a button says: it shows ``vpn.<verb>`` and changes nothing.
_SCREENS: dict[str, Render] = {
    "configs": config_screens.show_configs,
    "config": config_screens.show_config,
    "links": config_screens.show_links,
    "qr": config_screens.show_qr,
    "delete": config_screens.ask_to_delete,
    "tariffs": shop_screens.show_tariffs,
    "pick": shop_screens.show_choice,
    "renew": shop_screens.show_renewals,
    "renewal": shop_screens.show_renewal,
    "support": support.show_prompt,
    "offer": support.show_offer,
}
_DEEDS: dict[str, Deed] = {
    "buy": deeds.buy,
    "ask": deeds.ask_for_access,
    "pay": deeds.renew,
    "more": deeds.ask_for_renewal,
    "gone": deeds.delete,
    "tell": support.tell,
}


def register() -> None:
    """Add screens, buttons, commands and ears. Called once, by ``handlers.register``."""
    for verb, render in _SCREENS.items():
        bot_menu.register_screen(f"{PREFIX}.{verb}", render)
    bot_menu.register_press(PREFIX, take_press)
    bot_menu.register_hearer(PREFIX, support.hear)
    bot_menu.register_command("configs", show_configs, _("my VPN configs"), rank=20)
    bot_menu.register_command("support", show_support, _("write to the staff"), rank=30)
    items = (
        ("configs", _("My configs")),
        ("tariffs", _("Get a config")),
        ("support", _("Support")),
    )
    for place, (verb, label) in enumerate(items):
        name = f"{PREFIX}.{verb}"
        bot_menu.register_menu_item(name, label=label, data=press(verb), rank=10 + place)


def take_press(turn: Turn) -> Show | None:
    """Do or show what a button of the shop says."""
    verb, _colon, value = turn.value.partition(":")
    if verb in _SCREENS:
        return Show(f"{PREFIX}.{verb}", value)
    deed = _DEEDS.get(verb)
    return deed(Turn(turn.bot, turn.user, value=value, event_id=turn.event_id)) if deed else None


def show_configs(turn: Turn) -> Show:
    return Show(deeds.CONFIGS)


def show_support(turn: Turn) -> Show:
    return Show(f"{PREFIX}.support")
