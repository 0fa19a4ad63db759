"""What Avito tells us: a buyer's words, and our own side's, which come back as events."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone, translation

from dialogs.models import Contact, Dialog, Message
from dialogs.selectors.locks import lock_dialog
from dialogs.services import echoes, withdrawals
from dialogs.services.attachments import attach_origins
from dialogs.services.avito_content import content_of, facts_of, origins_of, quoted_words
from dialogs.services.chats import queue_fetch
from dialogs.services.messages import queue_to_telegram, store_message
from dialogs.services.readings import mark_read_by_answer
from dialogs.services.wording import describe_content, language_of, message_line
from integrations.models import AvitoAccount

# Avito itself writes as user 0 or 1 (not documented; seen in public clients).
_NOBODY = ("", "0", "1")


@transaction.atomic
def take_message(*, account_id: UUID, value: Mapping[str, Any]) -> bool:
    """Take one message of an Avito chat in, once, and send it on to the dialog's topic.

    A message of the type ``deleted`` under a known id is that message's deletion. A quote comes
    only with what was polled: Avito's webhooks do not name the message that is answered.

    :param value: ``payload.value`` of a webhook (contracts: Avito), or the same put together by
        the poll, which may hold ``quote`` as the v3 list has it.
    :returns: whether it was ours to take: not if the account is gone.
    """
    account = AvitoAccount.objects.select_related("organization").filter(pk=account_id).first()
    if account is None or not value.get("id") or not value.get("chat_id"):
        return False
    is_own = str(value.get("author_id")) == str(account.avito_user_id)
    found = get_or_create_dialog(account=account, value=value, is_own=is_own)
    under_way = echoes.lock_unsettled(found.pk) if is_own else []
    dialog = lock_dialog(found.pk)
    if dialog is None or _is_old_news(dialog, value):
        return True
    if is_own and echoes.claim_echo(dialog, under_way, value):
        return True
    _take(dialog, value, is_own=is_own)
    return True


def get_or_create_dialog(
    *, account: AvitoAccount, value: Mapping[str, Any], is_own: bool
) -> Dialog:
    """Return the dialog of a chat; a new one asks Avito what the chat is about.

    Of any number at once one makes it: the pair of account and chat is unique.
    """
    known = Dialog.objects.filter(avito_account=account, external_id=value["chat_id"]).first()
    if known is not None:
        return known
    contact = None if is_own else _contact_of(account, value)
    dialog, is_new = Dialog.objects.get_or_create(
        avito_account=account,
        external_id=value["chat_id"],
        defaults={
            "organization": account.organization,
            "bot_id": account.bot_id,
            "contact": contact,
            "last_message_at": _written_at(value),
        },
    )
    if is_new:
        queue_fetch(dialog)
    return dialog


def _contact_of(account: AvitoAccount, value: Mapping[str, Any]) -> Contact | None:
    author = str(value.get("author_id") or "")
    if author in _NOBODY:
        return None
    return Contact.objects.get_or_create(
        organization=account.organization, source="avito", external_id=author
    )[0]


def _is_old_news(dialog: Dialog, value: Mapping[str, Any]) -> bool:
    """Say whether the message is known; if this is its deletion, note that."""
    known = dialog.messages.filter(avito_message_id=value["id"]).first()
    if known is None:
        return False
    if value.get("type") == "deleted":
        known.dialog = dialog
        withdrawals.note_deletion(known)
    return True


def _take(dialog: Dialog, value: Mapping[str, Any], *, is_own: bool) -> None:
    is_deleted = value.get("type") == "deleted"
    # What our side wrote and took back before we heard of it concerns nobody.
    if is_own and is_deleted:
        return
    is_wanted = is_own or dialog.status != Dialog.Status.BANNED
    is_waiting = is_wanted and not is_own
    with translation.override(language_of(dialog.organization)):
        message = _store(dialog, value, is_own=is_own, is_waiting=is_waiting)
    attach_origins(message, origins_of(message.kind, content_of(value)))
    if not is_own:
        mark_read_by_answer(message)
    if is_wanted:
        queue_to_telegram(message)


def _store(dialog: Dialog, value: Mapping[str, Any], *, is_own: bool, is_waiting: bool) -> Message:
    kind, content = str(value.get("type") or "unknown")[:16], content_of(value)
    answered, quote = _quoted(dialog, value)
    has_media = bool(origins_of(kind, content))
    message = store_message(
        Message(
            dialog=dialog,
            direction=Message.Direction.AVITO,
            is_incoming=not is_own,
            kind=kind,
            text="" if has_media else describe_content(kind, content, chat_id=dialog.external_id),
            facts=facts_of(kind, content) | quote,
            reply_to=answered,
            deleted_at=timezone.now() if kind == "deleted" else None,
            status=Message.Status.QUEUED if is_waiting else Message.Status.SENT,
            avito_message_id=value["id"],
            written_at=_written_at(value),
        )
    )
    if has_media:
        _name_in_list(message)
    return message


def _name_in_list(message: Message) -> None:
    """Let the list of dialogs say what a message without words was."""
    dialog = message.dialog
    if dialog.last_message_at == message.written_at:
        dialog.last_message_text = message_line(message)
        dialog.save(update_fields=["last_message_text"])


def _quoted(dialog: Dialog, value: Mapping[str, Any]) -> tuple[Message | None, dict[str, str]]:
    """Return the message that is answered, else its words for where it is unknown."""
    quote = value.get("quote")
    if not isinstance(quote, Mapping) or not quote.get("id"):
        return None, {}
    answered = withdrawals.find_message(dialog, str(quote["id"]))
    if answered is not None:
        return answered, {}
    return None, {"quote": quoted_words(quote, chat_id=dialog.external_id)}


def _written_at(value: Mapping[str, Any]) -> datetime:
    created = value.get("created")
    if isinstance(created, int) and created > 0:
        return datetime.fromtimestamp(created, tz=UTC)
    return timezone.now()
