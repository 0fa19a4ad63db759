"""Files of Telegram's: from an upload, an address or a file id to what stands in a message."""

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp

from . import formats
from .errors import BotApiError, bad_request
from .formats import Format
from .params import Upload
from .state import StoredFile

if TYPE_CHECKING:
    from sandbox.core import Sandbox

Json = dict[str, Any]

PHOTO_BYTES = 10 * 1024 * 1024
UPLOAD_BYTES = 50 * 1024 * 1024
FETCHED_PHOTO_BYTES = 5 * 1024 * 1024
FETCHED_BYTES = 20 * 1024 * 1024
FETCH_SECONDS = 5
STICKER_SIDE = 512
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of file: ``field`` of the message, ``title`` in the words of refusals, the
    ``formats`` in which it is one (none named: any)."""

    field: str
    title: str
    folder: str
    formats: frozenset[Format] = frozenset()

    def suits(self, form: Format) -> bool:
        return not self.formats or form in self.formats


PHOTO = Kind(field="photo", title="Photo", folder="photos", formats=formats.PICTURES)
VOICE = Kind(
    field="voice",
    title="VoiceNote",
    folder="voice",
    formats=frozenset((formats.OPUS, formats.MP3, formats.M4A)),
)
AUDIO = Kind(
    field="audio",
    title="Audio",
    folder="music",
    formats=frozenset((formats.MP3, formats.M4A)),
)
DOCUMENT = Kind(field="document", title="Document", folder="documents")
VIDEO = Kind(field="video", title="Video", folder="videos", formats=frozenset((formats.MP4,)))
ANIMATION = Kind(
    field="animation",
    title="Animation",
    folder="animations",
    formats=frozenset((formats.GIF, formats.MP4)),
)
VIDEO_NOTE = Kind(
    field="video_note",
    title="VideoNote",
    folder="video_notes",
    formats=frozenset((formats.MP4,)),
)
STICKER = Kind(
    field="sticker",
    title="Sticker",
    folder="stickers",
    formats=frozenset((formats.WEBP, formats.TGS, formats.WEBM)),
)
KINDS = {
    kind.field: kind
    for kind in (PHOTO, VOICE, AUDIO, DOCUMENT, VIDEO, ANIMATION, VIDEO_NOTE, STICKER)
}


async def obtain_medium(
    sandbox: "Sandbox", kind: Kind, source: Upload | str, *, facts: Json
) -> Json:
    """The part of a message that shows a medium as a bot gives it: upload, address or file id.

    ``facts`` are what the call says of it: ``duration``, ``title``, ``emoji`` …

    :raises BotApiError: it cannot be had, is too big, or is a file of another kind.
    """
    if isinstance(source, Upload):
        return keep_medium(sandbox, kind, source.content, name=source.name, facts=facts)
    if source.startswith(("http://", "https://")):
        content = await _fetch(sandbox, kind, source)
        name = urlsplit(source).path.rpartition("/")[2] or None
        return keep_medium(sandbox, kind, content, name=name, facts=facts)
    known = sandbox.world.telegram.files.get(source)
    if known is None or not known.shown:
        raise bad_request("wrong remote file identifier specified: Wrong string length")
    if known.kind != kind.field:
        title = KINDS[known.kind].title
        raise bad_request(f"can't use file of type {title} as {kind.title}")
    return dict(known.shown)


def keep_medium(
    sandbox: "Sandbox", kind: Kind, content: bytes, *, name: str | None, facts: Json
) -> Json:
    """The part of a message that shows a new medium, its content kept.

    What is not of a format that its kind needs becomes a document, as with the original.

    :raises BotApiError: it is empty, too big, or a photo that is no picture.
    """
    _check_size(kind, content)
    if kind is PHOTO:
        return _keep_photo(sandbox, content)
    form = formats.recognise(content)
    kind = _fitting(kind, form)
    stored = _keep_file(sandbox, kind, content)
    file_name = name or stored.path.rpartition("/")[2]
    shown = {**_identity(stored), **_described(kind, content, form, file_name, facts)}
    # An animation is shown as a document too, for bots that know no animations.
    also = {"document": _document(stored, file_name, form)} if kind is ANIMATION else {}
    stored.shown = {kind.field: shown, **also}
    return dict(stored.shown)


def _fitting(kind: Kind, form: Format) -> Kind:
    if kind.suits(form):
        return kind
    return VOICE if kind is AUDIO and form is formats.OPUS else DOCUMENT


def _check_size(kind: Kind, content: bytes) -> None:
    if not content:
        raise bad_request("file must be non-empty")
    if len(content) > UPLOAD_BYTES:
        raise BotApiError(413, "Request Entity Too Large")
    if kind is PHOTO and len(content) > PHOTO_BYTES:
        raise bad_request(
            f"file of size {len(content)} bytes is too big for a photo; "
            f"the maximum size is {PHOTO_BYTES} bytes"
        )


def _keep_photo(sandbox: "Sandbox", content: bytes) -> Json:
    width, height = formats.measure_picture(content)
    sizes = []
    for picture, *sides in (formats.shrink_picture(content), (content, width, height)):
        stored = _keep_file(sandbox, PHOTO, picture)
        sizes.append({**_identity(stored), "width": sides[0], "height": sides[1]})
    shown = {"photo": sizes}
    for size in sizes:
        sandbox.world.telegram.files[size["file_id"]].shown = shown
    return dict(shown)


def _keep_file(sandbox: "Sandbox", kind: Kind, content: bytes) -> StoredFile:
    files = sandbox.world.telegram.files
    form = formats.recognise(content)
    stored = StoredFile(
        file_id=f"AgACAgIAAx{secrets.token_urlsafe(24)}",
        unique_id=sandbox.files.put(content),
        path=f"{kind.folder}/file_{len(files)}.{form.suffix}",
        size=len(content),
        content_type=form.content_type,
        kind=kind.field,
    )
    files[stored.file_id] = stored
    return stored


def _identity(stored: StoredFile) -> Json:
    return {
        "file_id": stored.file_id,
        "file_unique_id": stored.unique_id,
        "file_size": stored.size,
    }


def _document(stored: StoredFile, name: str, form: Format) -> Json:
    return {**_identity(stored), "file_name": name, "mime_type": form.content_type}


def _described(kind: Kind, content: bytes, form: Format, name: str, facts: Json) -> Json:
    """The fields of the medium's own type beside those of every file."""
    named = {"file_name": name, "mime_type": form.content_type}
    if kind is DOCUMENT:
        return named
    if kind is STICKER:
        return _sticker(form, facts)
    duration = {"duration": facts.get("duration") or formats.measure_seconds(content)}
    if kind is VOICE:
        return {**duration, "mime_type": form.content_type}
    if kind is AUDIO:
        return {**duration, **named, **{n: facts[n] for n in ("performer", "title") if n in facts}}
    width, height = formats.measure_video(content)
    if kind is VIDEO_NOTE:
        return {**duration, "length": facts.get("length") or width}
    sides = {"width": facts.get("width") or width, "height": facts.get("height") or height}
    return {**duration, **named, **sides}


def _sticker(form: Format, facts: Json) -> Json:
    return {
        "type": "regular",
        "width": STICKER_SIDE,
        "height": STICKER_SIDE,
        "is_animated": form is formats.TGS,
        "is_video": form is formats.WEBM,
        "emoji": facts.get("emoji", "🙂"),
    }


async def _fetch(sandbox: "Sandbox", kind: Kind, url: str) -> bytes:
    failed = bad_request("failed to get HTTP URL content")
    if kind is VIDEO_NOTE or urlsplit(url).hostname not in LOOPBACK:
        raise failed
    timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
    try:
        async with sandbox.client.get(url, timeout=timeout) as response:
            content = await response.read()
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        raise failed from None
    if response.status != 200:
        raise failed
    if kind is PHOTO and not response.content_type.startswith("image/"):
        raise bad_request("wrong type of the web page content")
    if len(content) > (FETCHED_PHOTO_BYTES if kind is PHOTO else FETCHED_BYTES):
        raise failed
    return content
