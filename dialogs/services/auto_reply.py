"""The auto-reply, planned and called off. ``auto_reply_sending`` sends what is due.

What is planned is a row with a due time, so neither a restart nor an empty Redis forgets it.
Whoever calls anything here holds the dialog's lock.
"""

from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from dialogs.models import AutoReply, AutoReplySettings, Dialog, Message
from dialogs.selectors.auto_replies import find_active_settings, find_last_answer
from dialogs.services.auto_reply_windows import SILENCE, is_useful, window_at

# Why one was called off; besides these the dialog's status, if it is not open.
ANSWERED = "answered"
SWITCHED_OFF = "switched_off"
TOO_LATE = "too_late"
NO_ACCOUNT = "no_account"
FAILED = "failed"

# Avito's own notices and what was taken back before we saw it ask for no answer.
_SILENT_KINDS = ("system", "deleted")


def follow(message: Message) -> None:
    """Plan for what a buyer has said; call off for what a person of our side has."""
    if message.is_incoming:
        plan(message)
    elif not message.is_auto_reply:
        cancel(message.dialog, ANSWERED)


def plan(message: Message) -> AutoReply | None:
    """Plan the answer to what a buyer has just said, unless there is, or was, one already.

    One goes out in each window (see ``auto_reply_windows``), and none in a window in which a
    person has answered: whoever is talking is not interrupted. It is due the settings' delay after
    the first message that nobody has answered; further messages do not put it off. The due time
    is the database's, as everything that workers of several machines compare.

    :returns: the planned one, or ``None`` if none is wanted.
    """
    dialog = message.dialog
    settings = find_active_settings(dialog.organization_id)
    if settings is None or not _may_be_answered(message) or _is_waiting(dialog):
        return None
    window = _free_window(settings, message)
    now = timezone.now()
    if not window or not is_useful(settings, window, since=message.written_at, now=now):
        return None
    planned: AutoReply = AutoReply.objects.update_or_create(
        dialog=dialog,
        window=window,
        defaults={
            "state": AutoReply.State.WAITING,
            "reason": "",
            "due_at": Now() + timedelta(seconds=settings.delay_seconds),
            "created_at": now,
        },
    )[0]
    return planned


def cancel(dialog: Dialog, reason: str) -> bool:
    """Call off what is planned in a dialog.

    :param reason: one of this module's, or the dialog's status.
    :returns: whether anything was planned.
    """
    waiting = dialog.auto_replies.filter(state=AutoReply.State.WAITING)
    return waiting.update(state=AutoReply.State.CANCELLED, reason=reason) > 0


def _may_be_answered(message: Message) -> bool:
    dialog = message.dialog
    is_open = dialog.status == Dialog.Status.OPEN and dialog.avito_account_id is not None
    return is_open and message.kind not in _SILENT_KINDS


def _is_waiting(dialog: Dialog) -> bool:
    return dialog.auto_replies.filter(state=AutoReply.State.WAITING).exists()


def _free_window(settings: AutoReplySettings, message: Message) -> str:
    """Return the name of the window that a message falls in, empty if it is none or spent."""
    if settings.always:
        return _new_conversation(message)
    window = window_at(settings, message.written_at)
    if window is None:
        return ""
    answer = find_last_answer(message.dialog)
    if answer is not None and window_at(settings, answer.written_at) == window:
        return ""
    known = message.dialog.auto_replies.filter(window=window.name).first()
    is_free = known is None or _may_be_planned_again(known)
    return window.name if is_free else ""


def _new_conversation(message: Message) -> str:
    last = find_last_answer(message.dialog, with_automatic=True)
    is_new = last is None or message.written_at - last.written_at >= SILENCE
    return f"day:{message.pk}" if is_new else ""


def _may_be_planned_again(known: AutoReply) -> bool:
    return known.state == AutoReply.State.CANCELLED and known.reason != ANSWERED
