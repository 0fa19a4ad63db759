"""What a person has: the list, one config, its links and its QR code."""

import segno
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from config.lib.errors import NotFoundError
from notifications.services.bot_menu import Button, Screen
from notifications.services.bot_screens import menu_button
from vpnconfigs.bot.data import press, read_short, short
from vpnconfigs.bot.words import describe_config, label_of, said
from vpnconfigs.links.qr import render_qr
from vpnconfigs.models import Config
from vpnconfigs.selectors.configs import configs_of, get_config_for
from vpnconfigs.selectors.links import links_of
from vpnconfigs.services.subscriptions import subscription_of, subscription_url

# Telegram shows no more than a hundred buttons.
MOST_SHOWN = 50
# Of 4096 characters; links with a post-quantum key have three thousand.
_LINKS_LENGTH = 3500


def show_configs(user: User, value: str) -> Screen:
    """All configs, a button each."""
    now = timezone.now()
    configs = list(configs_of(user).order_by("created_at", "pk")[:MOST_SHOWN])
    text = _("<b>My configs</b>") if configs else _("You have no config yet.")
    rows = [
        [Button(label_of(config, now), press("config", short(config.pk)))] for config in configs
    ]
    return Screen(text, [*rows, [Button(_("Get a config"), press("tariffs"))], [menu_button()]])


def show_config(user: User, value: str) -> Screen:
    """One config with what can be done about it."""
    config = get_config_for(user, read_short(value))
    key = short(config.pk)
    rows = []
    if config.state in Config.PLACED:
        rows.append(
            [Button(_("Links"), press("links", key)), Button(_("QR code"), press("qr", key))]
        )
        rows.append([Button(_("Renew"), press("renew", key))])
    rows.append(
        [Button(_("Refresh"), press("config", key)), Button(_("Delete"), press("delete", key))]
    )
    rows.append([Button(_("My configs"), press("configs")), menu_button()])
    return Screen(describe_config(config, timezone.now()), rows)


def show_links(user: User, value: str) -> Screen:
    """The address of the subscription and the links, each copied by one touch."""
    config = get_config_for(user, read_short(value))
    key, links = short(config.pk), _fitting(links_of(config))
    parts = [
        f"<b>{said(config.name)}</b>",
        _("Put this address into your VPN app; it holds all of your configs and stays up to date:"),
        f"<code>{said(subscription_url(subscription_of(user)))}</code>",
    ]
    if links:
        parts.append(_("Or this config alone:"))
        parts += [f"<code>{said(link)}</code>" for link in links]
    rows = [[Button(_("QR code"), press("qr", key))], [_back_to(key), menu_button()]]
    return Screen("\n\n".join(parts), rows)


def show_qr(user: User, value: str) -> Screen:
    """The first link as a picture; the subscription's address where no code holds the link."""
    config = get_config_for(user, read_short(value))
    links, address = links_of(config), subscription_url(subscription_of(user))
    if not links:
        raise NotFoundError(_("This config has no link yet. Please look again in a minute."))
    try:
        picture = render_qr(links[0], kind="png")
    except segno.DataOverflowError:
        picture = render_qr(address, kind="png")
    text = _("<b>%(name)s</b>: scan it with your VPN app. The address for apps:\n%(address)s")
    caption = text % {"name": said(config.name), "address": f"<code>{said(address)}</code>"}
    rows = [[_back_to(short(config.pk)), menu_button()]]
    return Screen(caption, rows, picture=picture)


def ask_to_delete(user: User, value: str) -> Screen:
    """Deleting wants a second touch."""
    config = get_config_for(user, read_short(value))
    key = short(config.pk)
    text = _("Delete <b>%(name)s</b>? The time that is left is lost.")
    yes = Button(_("Yes, delete"), press("gone", key))
    return Screen(text % {"name": said(config.name)}, [[yes, _back_to(key)]])


def _back_to(key: str) -> Button:
    return Button(_("Back"), press("config", key))


def _fitting(links: list[str]) -> list[str]:
    """Return as many links as a message holds."""
    room, found = _LINKS_LENGTH, []
    for link in links:
        room -= len(link)
        if room >= 0:
            found.append(link)
    return found
