"""Pictures that people send from the site."""

from django.core.files.base import File
from django.utils.translation import gettext_lazy as _

from config.lib.errors import FieldError, InputError
from dialogs.models import Dialog
from integrations.media.images import MAX_BYTES, BadImageError
from integrations.models import StoredFile
from integrations.services.files import keep_image

_MEGABYTE = 1024 * 1024


def keep_picture(*, dialog: Dialog, upload: "File[bytes]") -> StoredFile:
    """Redraw and keep a picture that shall go into a dialog.

    :param upload: JPEG, PNG, GIF, BMP or WebP of up to 24 MB and 75 megapixels.
    :raises InputError: ``too_large`` or ``bad_image``; nothing is kept.
    """
    if (upload.size or 0) > MAX_BYTES:
        text = _("A picture may have up to %(most)s MB.") % {"most": MAX_BYTES // _MEGABYTE}
        raise InputError(fields=[FieldError("image", "too_large", text)])
    try:
        return keep_image(organization_id=dialog.organization_id, content=upload.read())
    except BadImageError:
        refusal = _(
            "This is not a picture that can be sent. JPEG, PNG, GIF, BMP and WebP can, up to 75"
            " megapixels."
        )
        raise InputError(fields=[FieldError("image", "bad_image", refusal)]) from None
