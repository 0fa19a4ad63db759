"""Dialogs and their messages, as far as the asker may see them."""

import uuid
from dataclasses import dataclass

from django.db.models import Func, Prefetch, Q, QuerySet

from accounts.models import Organization, User
from config.lib.errors import NotFoundError
from config.lib.pagination import DEFAULT_LIMIT, Page, paginate
from dialogs.models import Attachment, Dialog, Message
from integrations.models import StoredFile

_MOST_WORDS = 8
# A message's attachments with their contents, in order.
_ATTACHMENTS = Prefetch("attachments", Attachment.objects.select_related("file").order_by("number"))


@dataclass(frozen=True, slots=True)
class DialogFilter:
    """Which dialogs of a list are wanted; what is empty does not matter.

    :param status: of ``Dialog.Status``.
    :param tag: as it was written.
    :param search: words that stand in the title, the contact's name or the last message.
    """

    status: str = ""
    assignee_id: int | None = None
    is_unassigned: bool = False
    tag: str = ""
    is_unread: bool = False
    search: str = ""


EVERYTHING = DialogFilter()


def list_dialogs(
    organization: Organization,
    *,
    wanted: DialogFilter = EVERYTHING,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Dialog]:
    """Return a page of an organization's dialogs, the one that spoke last first.

    Contacts and assignees come along, so that a row costs no query of its own.

    :raises InputError: the cursor is not one of ours.
    """
    dialogs = Dialog.objects.for_organization(organization).select_related("contact", "assignee")
    dialogs = dialogs.filter(_condition(wanted))
    return paginate(dialogs, order=("-last_message_at", "-id"), cursor=cursor, limit=limit)


def list_tags(organization: Organization) -> list[str]:
    """Return every tag that stands on a dialog of an organization, by the alphabet."""
    dialogs = Dialog.objects.for_organization(organization).exclude(tags=[])
    tags = dialogs.values_list(Func("tags", function="unnest"), flat=True).distinct()
    return sorted(tags, key=str.casefold)


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
    return paginate(shown_messages(dialog), order=("-id",), cursor=cursor, limit=limit)


def shown_messages(dialog: Dialog) -> QuerySet[Message]:
    """Return a dialog's messages with all that is shown of one."""
    return dialog.messages.select_related("reply_to").prefetch_related(_ATTACHMENTS)


def get_attached_file_for(
    actor: User, *, dialog_id: uuid.UUID, attachment_id: int
) -> tuple[StoredFile, str]:
    """Return an attachment's content of a dialog that ``actor`` may see, and a name to save it by.

    :raises NotFoundError: there is none, it belongs to others, or its content is not here.
    """
    stored = Attachment.objects.select_related("file").filter(
        pk=attachment_id,
        state=Attachment.State.STORED,
        message__dialog__in=visible_to(actor).filter(pk=dialog_id),
    )
    found = stored.first()
    if found is None or found.file is None:
        raise NotFoundError
    return found.file, f"{found.kind}-{found.pk}"


def get_item_photo_for(actor: User, dialog_id: uuid.UUID) -> StoredFile:
    """Return the picture of the item that a dialog is about.

    :raises NotFoundError: there is no such dialog, it belongs to others, or it has no picture.
    """
    dialog = get_dialog_for(actor, dialog_id)
    files = StoredFile.objects.for_organization(dialog.organization_id)
    found = files.filter(pk=dialog.item.get("file")).first()
    if found is None:
        raise NotFoundError
    return found


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


def _condition(wanted: DialogFilter) -> Q:
    condition = _containing(wanted.search)
    if wanted.status:
        condition &= Q(status=wanted.status)
    if wanted.assignee_id is not None or wanted.is_unassigned:
        condition &= Q(assignee=wanted.assignee_id)
    if wanted.tag:
        condition &= Q(tags__contains=[wanted.tag])
    if wanted.is_unread:
        condition &= Q(unread_count__gt=0)
    return condition


def _containing(search: str) -> Q:
    """Return the condition that every word stands somewhere in what a list shows of a dialog."""
    condition = Q()
    for word in search.split()[:_MOST_WORDS]:
        condition &= (
            Q(title__icontains=word)
            | Q(contact__name__icontains=word)
            | Q(last_message_text__icontains=word)
        )
    return condition
