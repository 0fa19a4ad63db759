"""Auto-replies that wait for Avito while a person answers: the person's words take their place."""

from django.db import transaction
from django.utils import timezone

from dialogs.models import AutoReply, Message
from dialogs.selectors.auto_replies import find_last_answer
from dialogs.services.auto_reply import ANSWERED
from dialogs.services.messages import lock_message, publish_message
from dialogs.services.versions import standing_parts
from dialogs.services.withdrawals import show_deletion


@transaction.atomic
def recall(message: Message) -> bool:
    """Take back an auto-reply of which nothing was sent if a person has answered since.

    It counts as deleted, is struck out in Telegram, and never as sent; what was answered stands
    behind it in the lane. Locks the dialog.

    :returns: whether it is taken back.
    """
    if not _is_overtaken(message):
        return False
    locked = lock_message(message.pk)
    if locked is None or locked.deleted_at is not None:
        return True
    locked.deleted_at = timezone.now()
    locked.save(update_fields=["deleted_at"])
    AutoReply.objects.filter(message=locked).update(
        state=AutoReply.State.CANCELLED, reason=ANSWERED
    )
    publish_message(locked, "message.updated")
    show_deletion(locked)
    return True


def _is_overtaken(message: Message) -> bool:
    if not message.is_auto_reply:
        return False
    answer = find_last_answer(message.dialog)
    return answer is not None and answer.pk > message.pk and not standing_parts(message)
