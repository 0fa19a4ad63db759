"""The only way to lock rows of this app.

Order: the delivery that is being settled or proven (the outbox locks it first), then its dialog,
then that dialog's messages. Whoever writes a message holds the lock of its dialog.
"""

import uuid

from dialogs.models import Dialog


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
