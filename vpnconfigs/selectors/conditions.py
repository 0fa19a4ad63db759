"""What a customer should know of a config beyond its state: who or what keeps it waiting."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from vpnconfigs.models import Config, Panel
from vpnconfigs.selectors.states import State

_UNREACHABLE = (Panel.State.DOWN, Panel.State.REFUSED)


@dataclass(frozen=True, slots=True)
class Notice:
    """``level`` is ``info`` or ``warning``."""

    level: str
    text: str


def notice_of(config: Config, state: State) -> Notice | None:
    """Return what a customer should know beyond the state, if anything."""
    if state == State.REQUESTED:
        return Notice("info", _("You have asked for it. We tell you as soon as it is decided."))
    if state == State.SUSPENDED:
        reason = config.suspended_reason
        return Notice("warning", reason or _("It is suspended. Write to us to learn why."))
    if config.inbound is None:
        return None
    return _notice_of_place(config, state, config.inbound.panel)


def _notice_of_place(config: Config, state: State, panel: Panel) -> Notice | None:
    if panel.state in _UNREACHABLE and state == State.PROVISIONING:
        text = _("The server cannot be reached for the moment. Your config is kept, and is ready as soon as the server is back.")  # noqa: E501  # fmt: skip
        return Notice("warning", text)
    if state not in Config.LIVE:
        return None
    if panel.state == Panel.State.XRAY_DOWN:
        return Notice("warning", _("This server is out of order. We know of it and are at it."))
    if panel.state in _UNREACHABLE:
        text = _("The server's panel cannot be reached. Your config keeps working; changes wait.")
        return Notice("info", text)
    if state == State.PROVISIONING:
        return Notice("info", _("It is being set up: a few seconds."))
    if not config.is_synced:
        return Notice("info", _("Your change is on its way to the server."))
    return None
