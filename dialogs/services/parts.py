"""The parts in which a message goes to Avito, which knows neither captions nor long texts.

A part is the payload of a delivery: ``message_id``, ``revision`` (the version of the message that
it belongs to), ``part`` of ``parts``, ``kind`` (``image`` or ``text``), ``text``, and of a picture
``attachment_id``.
"""

from collections.abc import Mapping
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from dialogs.models import Attachment, Message
from dialogs.services.splitting import AVITO_TEXT_LIMIT, split_text
from dialogs.services.wording import language_of

IMAGE = "image"
TEXT = "text"
# Words of an edited message leave room for the mark of a correction.
CORRECTION_ROOM = 30

Part = dict[str, Any]


def parts_of(message: Message, *, has_image: bool = True) -> list[Part]:
    """Return the parts of a message's current version.

    :param has_image: whether its picture, if any, is one of them.
    """
    picture = current_picture(message) if has_image else None
    found: list[Part] = []
    if picture is not None:
        found.append({"kind": IMAGE, "text": "", "attachment_id": picture.pk})
    limit = AVITO_TEXT_LIMIT - (CORRECTION_ROOM if message.revision else 0)
    found += [{"kind": TEXT, "text": text} for text in split_text(message.text, limit=limit)]
    whose = {"message_id": message.pk, "revision": message.revision, "parts": len(found)}
    return [{**whose, **part, "part": number} for number, part in enumerate(found, start=1)]


def current_picture(message: Message) -> Attachment | None:
    """Return the picture that a message shows now: the last one that it was given."""
    pictures = message.attachments.filter(kind=Attachment.Kind.PHOTO)
    return pictures.order_by("-number").first()


def mark_correction(message: Message, text: str) -> str:
    """Return ``text`` as the correction of what the contact has read, in the owner's language."""
    with translation.override(language_of(message.dialog.organization)):
        return _("Correction: %(text)s") % {"text": text}


def kind_of(payload: Mapping[str, Any]) -> str:
    """Return whether a part is a picture or words."""
    return str(payload.get("kind", TEXT))


def revision_of(payload: Mapping[str, Any]) -> int:
    """Return the version of its message that a part belongs to."""
    return int(payload.get("revision", 0))
