"""What a file is by its first bytes, and how long or large it is."""

import io
import struct
from dataclasses import dataclass

from PIL import Image

from .errors import bad_request

THUMBNAIL_SIDE = 90
# Bounds of sendPhoto: width and height together, and one to the other.
SIDES_MAX = 10_000
RATIO_MAX = 20
OPUS_PER_SECOND = 48_000


@dataclass(frozen=True, kw_only=True)
class Format:
    """A type of file and the suffix that Telegram gives it."""

    content_type: str
    suffix: str


OPUS = Format(content_type="audio/ogg", suffix="oga")
MP3 = Format(content_type="audio/mpeg", suffix="mp3")
M4A = Format(content_type="audio/mp4", suffix="m4a")
MP4 = Format(content_type="video/mp4", suffix="mp4")
WEBM = Format(content_type="video/webm", suffix="webm")
JPEG = Format(content_type="image/jpeg", suffix="jpg")
PNG = Format(content_type="image/png", suffix="png")
GIF = Format(content_type="image/gif", suffix="gif")
WEBP = Format(content_type="image/webp", suffix="webp")
TGS = Format(content_type="application/x-tgsticker", suffix="tgs")
PDF = Format(content_type="application/pdf", suffix="pdf")
UNKNOWN = Format(content_type="application/octet-stream", suffix="bin")

PICTURES = frozenset((JPEG, PNG, GIF, WEBP))

_BEGINNINGS = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF8", GIF),
    (b"ID3", MP3),
    (b"\xff\xfb", MP3),
    (b"\xff\xf3", MP3),
    (b"\x1aE\xdf\xa3", WEBM),
    (b"\x1f\x8b", TGS),
    (b"%PDF-", PDF),
)


def recognise(content: bytes) -> Format:
    """The format of ``content``; ``UNKNOWN`` where its beginning tells none."""
    if content[4:8] == b"ftyp":
        # Opus in MP4 has no M4A brand: Telegram does not play it as a voice.
        return M4A if content[8:11] == b"M4A" else MP4
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    if content.startswith(b"OggS") and b"OpusHead" in content[:128]:
        return OPUS
    return next((form for start, form in _BEGINNINGS if content.startswith(start)), UNKNOWN)


def measure_picture(content: bytes) -> tuple[int, int]:
    """Width and height in pixels.

    :raises BotApiError: it is no picture, or of a shape that sendPhoto refuses.
    """
    try:
        with Image.open(io.BytesIO(content)) as image:
            width, height = image.size
    except (OSError, ValueError, Image.DecompressionBombError):
        raise bad_request("IMAGE_PROCESS_FAILED") from None
    if width + height > SIDES_MAX or max(width, height) > RATIO_MAX * min(width, height):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return width, height


def shrink_picture(content: bytes) -> tuple[bytes, int, int]:
    """A JPEG of at most 90 pixels a side, with its width and height.

    :raises BotApiError: the picture cannot be read to its end.
    """
    small = io.BytesIO()
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.draft("RGB", (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
            image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
            thumbnail = image.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise bad_request("IMAGE_PROCESS_FAILED") from None
    thumbnail.save(small, "JPEG", quality=60)
    return small.getvalue(), thumbnail.width, thumbnail.height


def measure_seconds(content: bytes) -> int:
    """How long Opus or MP4 plays, in whole seconds; 0 where the file does not say."""
    if content.startswith(b"OggS"):
        last = content.rfind(b"OggS")
        return round(_read("<q", content, last + 6) / OPUS_PER_SECOND)
    header = content.find(b"mvhd")
    if header < 0:
        return 0
    scale, duration = _read(">I", content, header + 16), _read(">I", content, header + 20)
    return round(duration / scale) if scale else 0


def measure_video(content: bytes) -> tuple[int, int]:
    """Width and height of the first track of an MP4 file in pixels; a usual size without one."""
    track = content.find(b"tkhd")
    # Fixed-point numbers: the whole pixels are the upper half.
    width, height = (_read(">I", content, track + at) >> 16 for at in (80, 84))
    return (width, height) if track >= 0 and width and height else (640, 480)


def _read(layout: str, content: bytes, at: int) -> int:
    if at < 0 or at + struct.calcsize(layout) > len(content):
        return 0
    return int(struct.unpack_from(layout, content, at)[0])
