"""Contents that are kept: pictures and voices on their way through, once for each organization."""

import hashlib
from uuid import UUID

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.functions import Now

from integrations.media import images, voices
from integrations.models import StoredFile

_SUFFIXES = {images.CONTENT_TYPE: "jpg", voices.CONTENT_TYPE: "ogg"}


class FileGoneError(Exception):
    """There is no such file, or its content has left the storage."""


def keep_image(*, organization_id: UUID, content: bytes) -> StoredFile:
    """Redraw a picture and keep it; the same picture twice is one file.

    :raises BadImageError: see ``integrations.media.images.redraw``.
    """
    picture = images.redraw(content)
    return _keep(
        organization_id,
        picture.content,
        content_type=images.CONTENT_TYPE,
        width=picture.width,
        height=picture.height,
    )


def keep_voice(*, organization_id: UUID, content: bytes) -> StoredFile:
    """Put a voice message into an Ogg and keep it.

    :raises BadVoiceError: see ``integrations.media.voices.rewrap``.
    """
    voice = voices.rewrap(content)
    return _keep(
        organization_id,
        voice.content,
        content_type=voices.CONTENT_TYPE,
        duration_seconds=voice.duration_seconds,
    )


def read_file(file_id: UUID | str) -> tuple[StoredFile, bytes]:
    """Return a file with its content. Asks nobody's permission.

    :raises FileGoneError: there is no such file, or its content is lost.
    """
    stored = StoredFile.objects.filter(pk=file_id).first()
    if stored is None:
        raise FileGoneError
    try:
        with stored.content.open("rb") as source:
            return stored, source.read()
    except FileNotFoundError:
        raise FileGoneError from None


def _keep(
    organization_id: UUID,
    content: bytes,
    *,
    content_type: str,
    width: int | None = None,
    height: int | None = None,
    duration_seconds: float | None = None,
) -> StoredFile:
    digest = hashlib.sha256(content).hexdigest()
    known = _find_to_keep(organization_id, digest)
    if known is not None and known.content.storage.exists(str(known.content.name)):
        return known
    stored = known or StoredFile(organization_id=organization_id, sha256=digest)
    stored.content_type, stored.size = content_type, len(content)
    stored.width, stored.height, stored.duration_seconds = width, height, duration_seconds
    stored.content.save(f"{digest}.{_SUFFIXES[content_type]}", ContentFile(content), save=False)
    return _insert(stored) if known is None else _update(stored)


def _find_to_keep(organization_id: UUID, digest: str) -> StoredFile | None:
    """Return what is kept already, young again, so that no cleaning takes it from under us."""
    same = StoredFile.objects.filter(organization_id=organization_id, sha256=digest)
    return same.first() if same.update(created_at=Now()) else None


def _insert(stored: StoredFile) -> StoredFile:
    """Write the row; of two that keep the same at once, one finds the other's."""
    with transaction.atomic():
        StoredFile.objects.bulk_create([stored], ignore_conflicts=True)
        winner = StoredFile.objects.get(
            organization_id=stored.organization_id, sha256=stored.sha256
        )
    if winner.pk != stored.pk:
        stored.content.storage.delete(str(stored.content.name))
    return winner


def _update(stored: StoredFile) -> StoredFile:
    stored.save(update_fields=["content", "content_type", "size"])
    return stored
