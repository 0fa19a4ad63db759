"""What operators tell the relay itself, by a word with a slash in a dialog's topic."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from config.lib.errors import BusinessRuleError
from dialogs.models import Dialog, Message
from dialogs.selectors.locks import lock_dialog
from dialogs.services.bans import REASONS
from dialogs.services.deletions import delete_message
from dialogs.services.dialogs import change_status, publish_dialog
from dialogs.services.messages import NOTE, store_message
from dialogs.services.receipts import acknowledge
from dialogs.services.telegram_content import Command, author_name, written_at
from dialogs.services.topic_notes import tell_topic


@dataclass(frozen=True, slots=True)
class Order:
    """A command in its dialog, which is locked.

    :param message: the Bot API ``Message`` that holds it.
    """

    dialog: Dialog
    command: Command
    message: Mapping[str, Any]

    @property
    def number(self) -> int:
        return int(self.message["message_id"])


def run(
    dialog_id: UUID,
    command: Command,
    message: Mapping[str, Any],
    *,
    answered: Message | None,
) -> bool:
    """Carry a command out and answer it, by a reaction or, where words are needed, by a note.

    :param answered: the relayed message that the command answers.
    :returns: whether it was ours: not if it names another bot.
    """
    if _is_for_another(dialog_id, command):
        return False
    if command.name in ("delete", "del") and answered is not None:
        return _delete(answered, message)
    dialog = lock_dialog(dialog_id)
    if dialog is None:
        return False
    order = Order(dialog, command, message)
    note = _COMMANDS.get(command.name, _unknown)(order)
    if note:
        _tell(order, note)
    else:
        acknowledge(dialog, order.number)
    return True


def _delete(answered: Message, message: Mapping[str, Any]) -> bool:
    """Before any dialog is locked: deliveries come first."""
    if answered.is_incoming:
        dialog = lock_dialog(answered.dialog_id)
        if dialog is not None:
            _tell(Order(dialog, Command("delete", "", ""), message), "delete_what")
        return True
    if delete_message(answered, asked_at=message["message_id"]):
        dialog = lock_dialog(answered.dialog_id)
        if dialog is not None:
            acknowledge(dialog, message["message_id"])
    return True


def _note(order: Order) -> str:
    """Keep words that stay inside; once, however often the update comes."""
    if not order.command.words:
        return "note_what"
    own = order.dialog.messages.filter(direction=Message.Direction.TELEGRAM)
    if own.filter(telegram_message_id=order.number).exists():
        return ""
    store_message(
        Message(
            dialog=order.dialog,
            direction=Message.Direction.TELEGRAM,
            is_incoming=False,
            author_name=author_name(order.message)[:128],
            kind=NOTE,
            text=order.command.words,
            status=Message.Status.DELIVERED,
            telegram_message_id=order.number,
            written_at=written_at(order.message),
        )
    )
    return ""


def _ban(order: Order) -> str:
    reason = order.command.words.lower() or "other"
    if reason not in REASONS:
        return "ban_why"
    return _become(order, Dialog.Status.BANNED, ban_reason=reason)


def _open(order: Order) -> str:
    was_banned = order.dialog.status == Dialog.Status.BANNED
    refusal = _become(order, Dialog.Status.OPEN)
    return refusal or ("still_banned_on_avito" if was_banned else "")


def _hold(order: Order) -> str:
    return _become(order, Dialog.Status.HELD)


def _close(order: Order) -> str:
    return _become(order, Dialog.Status.CLOSED)


def _help(_order: Order) -> str:
    return "help"


def _delete_nothing(_order: Order) -> str:
    return "delete_what"


def _unknown(_order: Order) -> str:
    return "unknown_command"


def _become(order: Order, status: Dialog.Status, *, ban_reason: str = "other") -> str:
    try:
        change_status(order.dialog, status, ban_reason=ban_reason)
    except BusinessRuleError:
        return "open_first"
    publish_dialog(order.dialog)
    return ""


_COMMANDS: Mapping[str, Callable[[Order], str]] = {
    "note": _note,
    "hold": _hold,
    "close": _close,
    "ban": _ban,
    "open": _open,
    "help": _help,
    "start": _help,
    "delete": _delete_nothing,
    "del": _delete_nothing,
}


def _is_for_another(dialog_id: UUID, command: Command) -> bool:
    if not command.bot:
        return False
    dialogs = Dialog.objects.filter(pk=dialog_id)
    name = dialogs.values_list("avito_account__bot__username", flat=True).first() or ""
    return command.bot.lower() != name.lower()


def _tell(order: Order, note: str) -> None:
    chat_id = order.message["chat"]["id"]
    key = f"{chat_id}:{order.number}:{note}"
    tell_topic(order.dialog, note=note, reply_to=order.number, key=key)
