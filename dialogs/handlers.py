"""What this app registers below: updates in, deliveries out, its room, its notices."""

from config.lib.live import register_room
from dialogs import group_notices
from dialogs.selectors.dialogs import may_join
from dialogs.selectors.used_files import find_attached, find_item_photos
from dialogs.services import (
    attachments,
    bans,
    chats,
    deletions,
    history,
    item_photos,
    late_media,
    messages,
    readings,
    receipts,
    single_chat,
    to_avito,
    to_telegram,
    topic_notes,
    topic_states,
    topics,
    versions,
    withdrawals,
)
from dialogs.services.avito_intake import take_message
from dialogs.services.edits import take_edit
from dialogs.services.telegram_intake import take_reaction, take_topic_message
from integrations.models import InboundEvent
from integrations.services.file_cleaning import register_use
from integrations.services.inbox import register_handler
from integrations.services.outbox import register_kind
from integrations.signals import avito_messages_read


def register() -> None:
    """Fill the registries. Called once, when the apps are ready."""
    register_handler("avito", "message", on_avito_message)
    register_handler("telegram", "message", on_telegram_message)
    register_handler("telegram", "edited_message", on_telegram_edit)
    register_handler("telegram", "message_reaction", on_telegram_reaction)
    avito_messages_read.connect(readings.on_messages_read, dispatch_uid="dialogs.messages_read")
    _register_kinds()
    _register_answer_kinds()
    _register_topic_kinds()
    register_use("attachments", find_attached)
    register_use("item photos", find_item_photos)
    register_room("dialog", may_join)
    group_notices.register()
    item_photos.register()


def on_avito_message(event: InboundEvent) -> bool:
    """Claim a message of an Avito chat."""
    return take_message(account_id=event.account_id, value=event.payload["value"])


def on_telegram_message(event: InboundEvent) -> bool:
    """Claim what people write in the topics of dialogs."""
    return take_topic_message(bot_id=event.account_id, message=event.payload["message"])


def on_telegram_edit(event: InboundEvent) -> bool:
    """Claim what people change in the topics of dialogs."""
    return take_edit(bot_id=event.account_id, message=event.payload["edited_message"])


def on_telegram_reaction(event: InboundEvent) -> bool:
    """Claim reactions to what stands in the topics of dialogs."""
    return take_reaction(bot_id=event.account_id, reaction=event.payload["message_reaction"])


def _register_answer_kinds() -> None:
    register_kind(
        to_avito.UPLOAD, to_avito.prepare_upload, to_avito.settle_upload, to_avito.UPLOAD_POLICY
    )
    register_kind(
        deletions.TAKE_BACK,
        deletions.prepare_taking_back,
        deletions.settle_taking_back,
        deletions.TAKE_BACK_POLICY,
    )
    register_kind(
        versions.DELETE_PART,
        deletions.prepare_deletion,
        deletions.settle_deletion,
        deletions.DELETE_POLICY,
    )
    register_kind(
        receipts.REACTION, receipts.prepare_reaction, receipts.settle_reaction, receipts.POLICY
    )
    register_kind(
        topic_states.TOPIC_STATE,
        topic_states.prepare_topic_state,
        topic_states.settle_topic_state,
        topic_states.POLICY,
    )
    register_kind(bans.BAN, bans.prepare_ban, bans.settle_ban, bans.POLICY)
    register_kind(
        single_chat.HINT, single_chat.prepare_hint, single_chat.settle_hint, single_chat.POLICY
    )


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
    register_kind(
        attachments.FETCH,
        attachments.prepare_fetch,
        attachments.settle_fetch,
        attachments.FETCH_POLICY,
    )
    register_kind(chats.FETCH_CHAT, chats.prepare_fetch, chats.settle_fetch, chats.FETCH_POLICY)
    register_kind(
        chats.MARK_READ, chats.prepare_mark_read, chats.settle_mark_read, chats.MARK_READ_POLICY
    )


def _register_topic_kinds() -> None:
    register_kind(topics.REOPEN, topics.prepare_reopen, topics.settle_reopen, topics.REOPEN_POLICY)
    register_kind(history.HISTORY, history.prepare_history, history.settle_history, history.POLICY)
    register_kind(
        late_media.FOLLOW_UP,
        late_media.prepare_follow_up,
        late_media.settle_follow_up,
        late_media.FOLLOW_UP_POLICY,
    )
    register_kind(
        withdrawals.STRIKE,
        withdrawals.prepare_strike,
        withdrawals.settle_strike,
        withdrawals.STRIKE_POLICY,
    )
