"""What people are told about their configs, and staff about the shop."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from notifications.services import register_notification
from vpnconfigs.bot import notice_buttons
from vpnconfigs.services import (
    expiry_notices,
    news,
    panel_notices,
    ready_notices,
    request_notices,
    usage_notices,
)
from vpnconfigs.signals import (
    configs_activated,
    configs_depleted,
    panel_state_changed,
    usage_crossed,
)

_CONFIG = {"name": "VLESS", "path": "/configs"}
_REQUEST = {"person": "Olga", "name": "VLESS", "comment": "", "path": "/requests"}


def register() -> None:
    """Register the kinds and listen to the panels. Called once, by ``handlers.register``."""
    _register_ready()
    _register_expiry()
    _register_usage()
    _register_requests()
    _register_rest()
    configs_activated.connect(on_configs_activated, dispatch_uid="vpnconfigs.configs_activated")
    usage_crossed.connect(on_usage_crossed, dispatch_uid="vpnconfigs.usage_crossed")
    configs_depleted.connect(on_configs_depleted, dispatch_uid="vpnconfigs.configs_depleted")
    panel_state_changed.connect(on_panel_state_changed, dispatch_uid="vpnconfigs.panel_state")


def on_configs_activated(sender: object, config_ids: list[Any], **_kwargs: Any) -> None:
    """Tell people that what they have waited for works."""
    ready_notices.tell_of_ready(config_ids)


def on_usage_crossed(sender: object, config_ids: list[Any], percent: int, **_kwargs: Any) -> None:
    """Tell people that their traffic is nearly used up."""
    usage_notices.tell_of_usage(config_ids=config_ids, percent=percent)


def on_configs_depleted(sender: object, config_ids: list[Any], **_kwargs: Any) -> None:
    """Tell people that their traffic is used up."""
    usage_notices.tell_of_usage(config_ids=config_ids, percent=100)


def on_panel_state_changed(
    sender: object, panel: Any, before: str, after: str, **_kwargs: Any
) -> None:
    """Tell the staff that a panel went away or came back."""
    panel_notices.tell_of_panel(panel, before=before, after=after)


def _register_ready() -> None:
    register_notification(
        ready_notices.READY,
        subject=_("Your VPN config %(name)s is ready"),
        label=_("A VPN config that you waited for is ready"),
        text=_("The config <b>%(name)s</b> is ready. Scan its QR code with your VPN app."),
        sample=_CONFIG,
        buttons=notice_buttons.begin,
    )


def _register_expiry() -> None:
    register_notification(
        expiry_notices.ENDS_SOON,
        subject=_("Your VPN config %(name)s ends soon"),
        label=_("A VPN config ends soon"),
        text=_("The config <b>%(name)s</b> ends in less than %(hours)s h. Renew it in one tap."),
        sample=_CONFIG | {"hours": 24},
        buttons=notice_buttons.renew,
    )
    register_notification(
        expiry_notices.ENDED,
        subject=_("Your VPN config %(name)s has ended"),
        label=_("A VPN config has ended"),
        text=_("The config <b>%(name)s</b> has ended and lets nobody in. Renew it to go on."),
        sample=_CONFIG,
        buttons=notice_buttons.renew,
    )
    register_notification(
        expiry_notices.NOT_CONNECTED,
        subject=_("Your VPN config %(name)s waits for you"),
        label=_("A VPN config that was never used"),
        text=_(
            "Nobody has connected by the config <b>%(name)s</b> yet. Its page shows how to set up"
            " your device, step by step."
        ),
        sample=_CONFIG,
        buttons=notice_buttons.connect,
    )


def _register_usage() -> None:
    register_notification(
        usage_notices.NEARLY_USED_UP,
        subject=_("%(percent)s%% of the traffic of %(name)s are used up"),
        label=_("The traffic of a VPN config is nearly used up"),
        text=_("The config <b>%(name)s</b> has used up %(percent)s%% of its traffic."),
        sample=_CONFIG | {"percent": 80},
        buttons=notice_buttons.renew,
    )
    register_notification(
        usage_notices.USED_UP,
        subject=_("The traffic of %(name)s is used up"),
        label=_("The traffic of a VPN config is used up"),
        text=_(
            "The config <b>%(name)s</b> has used up its traffic and lets nobody in. Renew it to"
            " begin anew."
        ),
        sample=_CONFIG,
        buttons=notice_buttons.renew,
    )


def _register_requests() -> None:
    register_notification(
        request_notices.CREATED,
        subject=_("%(person)s asks for something"),
        label=_("A request to the VPN shop"),
        text=_("<b>%(person)s</b> has sent a request. It waits for a decision."),
        sample=_REQUEST,
    )
    register_notification(
        request_notices.MESSAGE_TO_STAFF,
        subject=_("%(person)s has written about a request"),
        label=_("A customer has written about a request"),
        text=_("<b>%(person)s</b> has written about a request."),
        sample=_REQUEST,
    )
    register_notification(
        request_notices.APPROVED,
        subject=_("Your request is approved"),
        text=_("Your request is approved: the config <b>%(name)s</b> is yours. %(comment)s"),
        sample=_REQUEST,
        buttons=notice_buttons.connect,
    )
    register_notification(
        request_notices.REFUSED,
        subject=_("Your request is refused"),
        text=_("Your request is refused. %(comment)s"),
        sample=_REQUEST,
        buttons=notice_buttons.write,
    )
    register_notification(
        request_notices.ANSWERED,
        subject=_("An answer to your request"),
        text=_("<b>The answer to your request:</b>\n%(text)s"),
        sample=_REQUEST | {"text": "It works again."},
        buttons=notice_buttons.write,
    )


def _register_rest() -> None:
    register_notification(
        news.PUBLISHED,
        subject=_("News: %(title)s"),
        label=_("News of the VPN shop"),
        text=_("<b>%(title)s</b>: read the news on the site."),
        path="/news",
        sample={"title": "News", "path": "/news"},
    )
    register_notification(
        panel_notices.DOWN,
        subject=_("The panel %(panel)s is down"),
        label=_("A VPN panel is down"),
        text=_("The panel <b>%(panel)s</b> is down: %(state)s. What waits for it is kept."),
        sample={
            "panel": "Amsterdam",
            "state": _("does not answer"),
            "path": "/admin/vpnconfigs/panel/",
        },
    )
    register_notification(
        panel_notices.UP,
        subject=_("The panel %(panel)s works again"),
        label=_("A VPN panel works again"),
        text=_("The panel <b>%(panel)s</b> works again; what waited for it goes out now."),
        sample={"panel": "Amsterdam", "state": "up", "path": "/admin/vpnconfigs/panel/"},
    )
