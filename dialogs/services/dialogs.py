"""What people do to a dialog besides talking in it."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.lib.errors import FieldError, InputError, NotFoundError
from config.lib.live import publish_on_commit
from dialogs.models import Dialog
from dialogs.selectors.documents import dialog_document
from dialogs.selectors.locks import lock_dialog
from dialogs.services.tags import normalize_tags


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
    :raises NotFoundError: the dialog is gone.
    """
    locked = lock_dialog(dialog.pk)
    if locked is None:
        raise NotFoundError
    if status is not None:
        if status not in Dialog.Status:
            raise InputError(fields=[FieldError("status", "invalid_choice", _("No such status."))])
        locked.status = status
    if assignee is not None:
        locked.assignee = _member(locked.organization_id, assignee.user_id)
    if tags is not None:
        locked.tags = normalize_tags(tags)
    locked.save(update_fields=["status", "assignee", "tags"])
    publish_on_commit(f"dialog:{locked.pk}", "dialog.updated", dialog_document(locked))
    return locked


def _member(organization_id: uuid.UUID, user_id: int | None) -> User | None:
    if user_id is None:
        return None
    members = User.objects.filter(memberships__organization=organization_id, is_active=True)
    found = members.filter(pk=user_id).first()
    if found is None:
        text = _("This person is not a member of the organization.")
        raise InputError(fields=[FieldError("assignee", "not_a_member", text)])
    return found
