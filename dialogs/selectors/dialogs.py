"""Dialogs and their messages, as far as the asker may see them."""

import uuid

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, User
from config.lib.errors import FieldError, InputError, NotFoundError
from config.lib.pagination import DEFAULT_LIMIT, Page, paginate
from dialogs.models import Dialog, Message


def list_dialogs(
    organization: Organization,
    *,
    status: str | None = None,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Dialog]:
    """Return a page of an organization's dialogs, the one that spoke last first.

    Contacts and assignees come along, so that a row costs no query of its own.

    :raises InputError: the cursor is not one of ours, or there is no such status.
    """
    dialogs = Dialog.objects.for_organization(organization).select_related("contact", "assignee")
    if status:
        if status not in Dialog.Status:
            raise InputError(fields=[FieldError("status", "invalid_choice", _("No such status."))])
        dialogs = dialogs.filter(status=status)
    return paginate(dialogs, order=("-last_message_at", "-id"), cursor=cursor, limit=limit)


def get_dialog_for(actor: User, dialog_id: uuid.UUID | str) -> Dialog:
    """Return a dialog of an organization that ``actor`` belongs to.

    :raises NotFoundError: there is none, or it belongs to others.
    """
    try:
        key = uuid.UUID(str(dialog_id))
    except ValueError:
        raise NotFoundError from None
    dialog = visible_to(actor).select_related("contact", "assignee", "avito_account").filter(pk=key)
    found = dialog.first()
    if found is None:
        raise NotFoundError
    return found


def list_messages(
    dialog: Dialog, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Message]:
    """Return a page of a dialog's messages, the newest first.

    :raises InputError: the cursor is not one of ours.
    """
    messages = dialog.messages.select_related("author")
    return paginate(messages, order=("-id",), cursor=cursor, limit=limit)


def visible_to(actor: User) -> QuerySet[Dialog]:
    """Return the dialogs of all organizations that ``actor`` belongs to."""
    return Dialog.objects.filter(organization__memberships__user=actor)


def may_join(user: object, dialog_id: str) -> bool:
    """Say whether ``user`` may listen to the room of a dialog."""
    if not isinstance(user, User):
        return False
    try:
        get_dialog_for(user, dialog_id)
    except NotFoundError:
        return False
    return True
