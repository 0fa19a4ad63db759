"""What is told of bots' groups, and what is heard of them."""

from django.utils.translation import gettext_lazy as _

from dialogs.services import groups
from integrations.models import InboundEvent
from integrations.services.inbox import register_handler
from integrations.signals import bot_group_refused, bot_group_restored
from notifications.services import register_notification


def register() -> None:
    """Fill the registries. Called once, when the apps are ready."""
    register_handler("telegram", "message", on_group_moved)
    bot_group_refused.connect(groups.on_group_refused)
    bot_group_restored.connect(groups.on_group_restored)
    register_notification(
        groups.GROUP_UNUSABLE,
        subject=_("The bot @%(bot)s cannot work in its group"),
        label=_("A bot cannot work in its group"),
        text=_(
            "Messages of buyers wait: <b>%(reason)s</b>\n%(advice)s\nWhat waits goes out by itself"
            " as soon as @%(bot)s may work again."
        ),
        mandatory=True,
    )
    register_notification(
        groups.GROUP_USABLE,
        subject=_("The bot @%(bot)s works in its group again"),
        label=_("A bot works in its group again"),
        text=_("The bot <b>@%(bot)s</b> may work in its group again; what waited goes out now."),
        mandatory=True,
    )
    register_notification(
        groups.TOPIC_REFUSED,
        subject=_("The bot @%(bot)s cannot make a topic"),
        label=_("A bot cannot make a topic"),
        text=_(
            "Telegram makes no topic for @%(bot)s (%(reason)s), so messages of a buyer wait. We"
            " try again each minute; look at the group, or answer on the site meanwhile."
        ),
        mandatory=True,
    )


def on_group_moved(event: InboundEvent) -> bool:
    """Claim the messages by which Telegram tells that a group has another id now."""
    return groups.take_move(bot_id=event.account_id, message=event.payload["message"])
