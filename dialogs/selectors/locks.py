"""The only way to lock rows of this app.

Order: the delivery that is being settled or proven (the outbox locks it first), then its dialog,
then that dialog's messages and auto-replies. Whoever writes a message holds the lock of its dialog.
"""

import uuid

from django.db.models.functions import Now

from dialogs.models import AutoReply, Dialog


def lock_dialog(dialog_id: uuid.UUID | str) -> Dialog | None:
    """Lock and return a dialog with its account, bots and contact, or ``None`` if it is gone.

    :raises TransactionManagementError: there is no open transaction.
    """
    return (
        Dialog.objects.select_related(
            "organization", "avito_account__bot", "avito_account__organization", "bot", "contact"
        )
        .select_for_update(of=("self",), no_key=True)
        .filter(pk=dialog_id)
        .first()
    )


def lock_due_auto_reply() -> AutoReply | None:
    """Lock the auto-reply that has been due longest, with its dialog, and return it.

    Both or none: what another worker holds is passed over, so nobody waits and no order of locks
    can be broken. The dialog comes as from ``lock_dialog``.

    :returns: ``None`` when nothing is due that nobody holds.
    :raises TransactionManagementError: there is no open transaction.
    """
    return (
        AutoReply.objects.select_related(
            "dialog__organization",
            "dialog__avito_account__bot",
            "dialog__avito_account__organization",
            "dialog__bot",
            "dialog__contact",
        )
        .select_for_update(of=("self", "dialog"), no_key=True, skip_locked=True)
        .filter(state=AutoReply.State.WAITING, due_at__lte=Now())
        .order_by("due_at", "pk")
        .first()
    )
