"""What can be done at once about a notice that the bot tells."""

import uuid
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from vpnconfigs.bot.data import press, short

Context = Mapping[str, object]
Buttons = Sequence[tuple[str, str]]


def renew(context: Context) -> Buttons:
    return _about(context, _("Renew"), "renew")


def connect(context: Context) -> Buttons:
    return _about(context, _("Open the config"), "config")


def begin(context: Context) -> Buttons:
    return [*_about(context, _("QR code"), "qr"), *connect(context)]


def write(context: Context) -> Buttons:
    return [(_("Answer the staff"), press("support"))]


def _about(context: Context, label: str, verb: str) -> Buttons:
    """Return a button about the notice's config; none where the notice names none."""
    config_id = context.get("config")
    return [(label, press(verb, short(uuid.UUID(str(config_id)))))] if config_id else []
