"""Sending the auto-replies that are due. Any number of workers may do it at once."""

import logging

from django.db import transaction
from django.utils import timezone

from dialogs.models import AutoReply, AutoReplySettings, Dialog, Message
from dialogs.selectors.auto_replies import find_active_settings, find_last_answer
from dialogs.selectors.locks import lock_due_auto_reply
from dialogs.services import auto_reply
from dialogs.services.auto_reply_windows import is_useful
from dialogs.services.messages import queue_to_avito, queue_to_telegram, store_message

logger = logging.getLogger(__name__)


def send_due() -> int:
    """Send each auto-reply whose time has come, or call it off if it is not wanted any more.

    Each is a transaction of its own. One that fails is called off as well, so that it holds up
    no other; a dialog that somebody is busy with is left for the next round.

    :returns: how many were sent.
    """
    sent = 0
    while (outcome := _send_next()) is not None:
        sent += outcome
    return sent


def _send_next() -> bool | None:
    """Return whether the next one was sent; ``None`` if none is due."""
    with transaction.atomic():
        reply = lock_due_auto_reply()
        if reply is None:
            return None
        try:
            with transaction.atomic():
                return _send(reply)
        except Exception:
            logger.exception("auto-reply not sent", extra={"auto_reply": reply.pk})
            auto_reply.cancel(reply.dialog, auto_reply.FAILED)
            return False


def _send(reply: AutoReply) -> bool:
    settings = find_active_settings(reply.dialog.organization_id)
    if settings is None:
        auto_reply.cancel(reply.dialog, auto_reply.SWITCHED_OFF)
        return False
    refusal = _refusal(reply, settings)
    if refusal:
        auto_reply.cancel(reply.dialog, refusal)
        return False
    reply.message = _say(reply.dialog, settings.text)
    reply.state = AutoReply.State.SENT
    reply.save(update_fields=["message", "state"])
    return True


def _refusal(reply: AutoReply, settings: AutoReplySettings) -> str:
    """Return why a reply is not wanted any more, empty if it is."""
    dialog = reply.dialog
    if dialog.status != Dialog.Status.OPEN:
        return dialog.status
    if dialog.avito_account is None:
        return auto_reply.NO_ACCOUNT
    answer = find_last_answer(dialog)
    if answer is not None and answer.created_at >= reply.created_at:
        return auto_reply.ANSWERED
    now = timezone.now()
    if not is_useful(settings, reply.window, since=reply.due_at, now=now):
        return auto_reply.TOO_LATE
    return ""


def _say(dialog: Dialog, text: str) -> Message:
    """Store the reply and put it on both its ways. It has no author, and marks nothing as read."""
    message = store_message(
        Message(
            dialog=dialog,
            direction=Message.Direction.WEB,
            is_incoming=False,
            is_auto_reply=True,
            text=text,
            written_at=timezone.now(),
        )
    )
    queue_to_avito(message)
    queue_to_telegram(message)
    return message
