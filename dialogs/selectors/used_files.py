"""Which kept files dialogs show, for the cleaning below."""

from collections.abc import Collection
from uuid import UUID

from dialogs.models import Attachment, Dialog
from integrations.models import StoredFile


def find_attached(file_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these files are a message's picture or voice."""
    shown = Attachment.objects.filter(file__in=file_ids).values("file")
    return set(StoredFile.objects.filter(pk__in=shown).values_list("pk", flat=True))


def find_item_photos(file_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these files are the picture of a dialog's item."""
    owners = StoredFile.objects.filter(pk__in=file_ids).values("organization")
    own = Dialog.objects.filter(organization__in=owners)
    shown = own.filter(item__file__in=[str(number) for number in file_ids])
    return {UUID(found) for found in shown.values_list("item__file", flat=True)}
