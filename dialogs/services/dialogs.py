"""What people do to a dialog besides talking in it."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.lib.errors import BusinessRuleError, FieldError, InputError, NotFoundError
from config.lib.live import publish_on_commit
from dialogs.models import Dialog
from dialogs.selectors.documents import dialog_document
from dialogs.selectors.locks import lock_dialog
from dialogs.services import auto_reply
from dialogs.services.bans import queue_ban
from dialogs.services.tags import normalize_tags
from dialogs.services.topic_states import CLOSING, queue_topic_state

# Besides these a contact's message opens what is held or closed (``messages.store_message``).
TRANSITIONS: Mapping[Dialog.Status, Collection[Dialog.Status]] = {
    Dialog.Status.OPEN: (Dialog.Status.HELD, Dialog.Status.CLOSED, Dialog.Status.BANNED),
    Dialog.Status.HELD: (Dialog.Status.OPEN, Dialog.Status.CLOSED, Dialog.Status.BANNED),
    Dialog.Status.CLOSED: (Dialog.Status.OPEN, Dialog.Status.BANNED),
    Dialog.Status.BANNED: (Dialog.Status.OPEN,),
}


@dataclass(frozen=True, slots=True)
class Assignee:
    """Whose the dialog shall be; ``None``: nobody's."""

    user_id: int | None


def mark_seen(dialog: Dialog) -> None:
    """Note that somebody has read the dialog on the site. Avito is not told."""
    Dialog.objects.filter(pk=dialog.pk, unread_count__gt=0).update(unread_count=0)
    dialog.unread_count = 0


@transaction.atomic
def update_dialog(
    *,
    dialog: Dialog,
    status: str | None = None,
    assignee: Assignee | None = None,
    tags: Iterable[str] | None = None,
) -> Dialog:
    """Change a dialog's status, its assignee, its tags; ``None`` leaves each as it is.

    :param tags: all that it shall have; see ``normalize_tags``.
    :raises InputError: no such status, the assignee is not a member of the organization, or the
        tags are too long or too many; nothing is changed.
    :raises BusinessRuleError: ``bad_transition``, see ``change_status``; nothing is changed.
    :raises NotFoundError: the dialog is gone.
    """
    locked = lock_dialog(dialog.pk)
    if locked is None:
        raise NotFoundError
    if status is not None and status not in Dialog.Status:
        raise InputError(fields=[FieldError("status", "invalid_choice", _("No such status."))])
    if assignee is not None:
        locked.assignee = _member(locked.organization_id, assignee.user_id)
    if tags is not None:
        locked.tags = normalize_tags(tags)
    locked.save(update_fields=["assignee", "tags"])
    if status is not None:
        change_status(locked, Dialog.Status(status))
    publish_dialog(locked)
    return locked


def change_status(dialog: Dialog, status: Dialog.Status, *, ban_reason: str = "other") -> None:
    """Give a dialog another status, and do what that means outside: its topic is closed or
    reopened, its contact put on Avito's black list. The caller holds the dialog's lock.

    A dialog that is opened again after a ban stays on Avito's list: the API cannot take it off.

    :param ban_reason: one of ``bans.REASONS``.
    :raises BusinessRuleError: ``bad_transition``: from its status there is no way to this one;
        nothing is changed.
    """
    old = Dialog.Status(dialog.status)
    if status == old:
        return
    if status not in TRANSITIONS[old]:
        text = _("A dialog that is %(old)s cannot become %(new)s: open it first.")
        names = {"old": old.label, "new": status.label}
        raise BusinessRuleError(text % names, code="bad_transition")
    dialog.status = status
    dialog.save(update_fields=["status"])
    if status != Dialog.Status.OPEN:
        auto_reply.cancel(dialog, status)
    if (old in CLOSING) != (status in CLOSING):
        queue_topic_state(dialog)
    if status == Dialog.Status.BANNED:
        queue_ban(dialog, reason=ban_reason)


def publish_dialog(dialog: Dialog) -> None:
    """Tell the dialog's room how it is now: ``dialog.updated``."""
    publish_on_commit(f"dialog:{dialog.pk}", "dialog.updated", dialog_document(dialog))


def _member(organization_id: uuid.UUID, user_id: int | None) -> User | None:
    if user_id is None:
        return None
    members = User.objects.filter(memberships__organization=organization_id, is_active=True)
    found = members.filter(pk=user_id).first()
    if found is None:
        text = _("This person is not a member of the organization.")
        raise InputError(fields=[FieldError("assignee", "not_a_member", text)])
    return found
