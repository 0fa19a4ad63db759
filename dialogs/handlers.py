"""What this app registers below: updates in, deliveries out, its room, its notices."""

from django.utils.translation import gettext_lazy as _

from config.lib.live import register_room
from dialogs.selectors.dialogs import may_join
from dialogs.services import chats, groups, messages, to_avito, to_telegram, topic_notes, topics
from dialogs.services.avito_intake import take_message
from dialogs.services.telegram_intake import take_topic_message
from integrations.models import InboundEvent
from integrations.services.inbox import register_handler
from integrations.services.outbox import register_kind
from notifications.services import register_notification


def register() -> None:
    """Fill the registries. Called once, when the apps are ready."""
    register_handler("avito", "message", on_avito_message)
    register_handler("telegram", "message", on_telegram_message)
    _register_kinds()
    register_room("dialog", may_join)
    register_notification(
        groups.GROUP_UNUSABLE,
        subject=_("The bot @%(bot)s cannot write to its group"),
        label=_("A bot cannot write to its group"),
        text=_(
            "Messages of buyers wait: Telegram refuses what @%(bot)s sends to its group"
            " (%(reason)s). Make the bot an administrator of the group with the right to manage"
            " topics and to pin messages; what waits goes out within a minute."
        ),
        mandatory=True,
    )


def on_avito_message(event: InboundEvent) -> bool:
    """Claim a message of an Avito chat."""
    return take_message(account_id=event.account_id, value=event.payload["value"])


def on_telegram_message(event: InboundEvent) -> bool:
    """Claim what people write in the topics of dialogs."""
    return take_topic_message(bot_id=event.account_id, message=event.payload["message"])


def _register_kinds() -> None:
    register_kind(
        messages.TO_TELEGRAM,
        to_telegram.prepare_message,
        to_telegram.settle_message,
        to_telegram.POLICY,
    )
    register_kind(messages.TO_AVITO, to_avito.prepare_part, to_avito.settle_part, to_avito.POLICY)
    register_kind(
        topics.CREATE_TOPIC, topics.prepare_topic, topics.settle_topic, topics.TOPIC_POLICY
    )
    register_kind(topics.CARD, topics.prepare_card, topics.settle_card, topics.CARD_POLICY)
    register_kind(topics.PIN_CARD, topics.prepare_pin, topics.settle_pin, topics.PIN_POLICY)
    register_kind(
        topic_notes.TELL_TOPIC,
        topic_notes.prepare_note,
        topic_notes.settle_note,
        topic_notes.POLICY,
    )
    register_kind(chats.FETCH_CHAT, chats.prepare_fetch, chats.settle_fetch, chats.FETCH_POLICY)
    register_kind(
        chats.MARK_READ, chats.prepare_mark_read, chats.settle_mark_read, chats.MARK_READ_POLICY
    )
