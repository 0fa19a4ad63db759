"""Pictures and voices of conversations, for those who may see the conversation."""

import uuid

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from dialogs.selectors.dialogs import get_attached_file_for, get_item_photo_for
from integrations.web.cabinet import CabinetRequest, cabinet
from integrations.web.files import file_response


@require_safe
@cabinet
def show_attachment(
    request: CabinetRequest, dialog_id: uuid.UUID, attachment_id: int
) -> HttpResponse:
    stored, name = get_attached_file_for(
        request.user, dialog_id=dialog_id, attachment_id=attachment_id
    )
    return file_response(request, stored, name=name)


@require_safe
@cabinet
def show_item_photo(request: CabinetRequest, dialog_id: uuid.UUID) -> HttpResponse:
    stored = get_item_photo_for(request.user, dialog_id)
    return file_response(request, stored, name="item", is_final=False)
