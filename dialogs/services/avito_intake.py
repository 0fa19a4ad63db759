"""What Avito tells us: a buyer's words, and our own side's, which come back as events."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone, translation

from dialogs.models import Contact, Dialog, Message
from dialogs.selectors.locks import lock_dialog
from dialogs.services import echoes
from dialogs.services.chats import queue_fetch
from dialogs.services.messages import queue_to_telegram, store_message
from dialogs.services.wording import describe_content, language_of
from integrations.models import AvitoAccount

# Avito itself writes as user 0 or 1 (not documented; seen in public clients).
_NOBODY = ("", "0", "1")


@transaction.atomic
def take_message(*, account_id: UUID, value: Mapping[str, Any]) -> bool:
    """Take one message of an Avito chat in, once, and send it on to the dialog's topic.

    :param value: ``payload.value`` of a webhook (contracts: Avito), or the same put together by
        the poll.
    :returns: whether it was ours to take: not if the account is gone.
    """
    account = AvitoAccount.objects.select_related("organization").filter(pk=account_id).first()
    if account is None or not value.get("id") or not value.get("chat_id"):
        return False
    is_own = str(value.get("author_id")) == str(account.avito_user_id)
    found = get_or_create_dialog(account=account, value=value, is_own=is_own)
    under_way = echoes.lock_unsettled(found.pk) if is_own else []
    dialog = lock_dialog(found.pk)
    if dialog is None or dialog.messages.filter(avito_message_id=value["id"]).exists():
        return True
    if is_own and echoes.claim_echo(
        dialog, under_way, avito_message_id=value["id"], text=_content(value).get("text", "")
    ):
        return True
    queue_to_telegram(_store(dialog, value, is_own=is_own))
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


def _store(dialog: Dialog, value: Mapping[str, Any], *, is_own: bool) -> Message:
    kind = str(value.get("type") or "unknown")
    return store_message(
        Message(
            dialog=dialog,
            direction=Message.Direction.AVITO,
            is_incoming=not is_own,
            kind=kind[:16],
            text=_text_of(dialog, kind, _content(value)),
            status=Message.Status.SENT if is_own else Message.Status.QUEUED,
            avito_message_id=value["id"],
            written_at=_written_at(value),
        )
    )


def _text_of(dialog: Dialog, kind: str, content: Mapping[str, Any]) -> str:
    words = str(content.get("text") or "") if kind == "text" else ""
    if words.strip():
        return words
    with translation.override(language_of(dialog.organization)):
        return describe_content(kind, content, chat_id=dialog.external_id)


def _content(value: Mapping[str, Any]) -> Mapping[str, Any]:
    content = value.get("content")
    return content if isinstance(content, Mapping) else {}


def _written_at(value: Mapping[str, Any]) -> datetime:
    created = value.get("created")
    if isinstance(created, int) and created > 0:
        return datetime.fromtimestamp(created, tz=UTC)
    return timezone.now()
