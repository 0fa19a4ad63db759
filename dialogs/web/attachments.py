"""Pictures and voices of conversations, for those who may see the conversation."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from config.lib.errors import NotFoundError
from dialogs.models import Attachment
from dialogs.selectors.dialogs import get_attachment_for, get_item_photo_for
from integrations.web.cabinet import CabinetRequest, cabinet
from integrations.web.files import file_response


@require_safe
@cabinet
def show_attachment(
    request: CabinetRequest, dialog_id: uuid.UUID, attachment_id: int
) -> HttpResponse:
    found = get_attachment_for(request.user, dialog_id=dialog_id, attachment_id=attachment_id)
    return attachment_response(request, found)


@require_safe
@cabinet
def show_item_photo(request: CabinetRequest, dialog_id: uuid.UUID) -> HttpResponse:
    stored = get_item_photo_for(request.user, dialog_id)
    return file_response(request, stored, name="item", is_final=False)


def attachment_response(request: HttpRequest, attachment: Attachment) -> HttpResponse:
    """Return an attachment's content; see ``file_response``.

    :raises NotFoundError: it is not here, or has left the storage.
    """
    if attachment.file is None:
        raise NotFoundError
    return file_response(request, attachment.file, name=f"{attachment.kind}-{attachment.pk}")
