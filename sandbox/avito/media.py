"""Pictures in their sizes, and voices behind links that live an hour."""

import hashlib
import hmac
import time
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from sandbox.files import read_sample

if TYPE_CHECKING:
    from sandbox.core import Sandbox

IMAGE_SIZES = ("1280x960", "640x480", "140x105", "32x32")
LINK_SECONDS = 3600
SAMPLE = "sample"
VOICE_SAMPLE = "avito_voice.mp4"
_STARTS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG": "image/png",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
}
_HEIC_BRANDS = (b"ftypheic", b"ftypheix", b"ftypmif1")
# Told by its marks only: Pillow cannot read it.
_HEIC = "image/heic"


def image_type(content: bytes) -> str | None:
    """The media type of a picture that Avito takes; ``None`` where it is none of those."""
    for start, content_type in _STARTS.items():
        if content.startswith(start):
            return content_type
    return _HEIC if content[4:12] in _HEIC_BRANDS else None


def count_pixels(content: bytes) -> int:
    """Width by height, as the picture's head tells it; 0 where that cannot be read."""
    try:
        with Pillow.open(BytesIO(content)) as picture:
            return picture.width * picture.height
    except Pillow.DecompressionBombError:
        return 1 << 63
    except (UnidentifiedImageError, OSError, ValueError):
        return 0


def address_of_image(sandbox: "Sandbox", image_id: str, size: str) -> str:
    return f"{sandbox.base_url}/avito/static/images/{image_id}/{size}"


def image_content(sandbox: "Sandbox", image_id: str) -> tuple[bytes, str] | None:
    """A picture's bytes and media type; ``None`` where there is no such picture."""
    if image_id == SAMPLE:
        return read_sample("photo.jpg"), "image/jpeg"
    image = sandbox.world.avito.images.get(image_id)
    content = sandbox.files.get(image.file) if image is not None else None
    return (content, image.content_type) if image is not None and content is not None else None


@lru_cache(maxsize=64)
def fit_image(content: bytes, content_type: str, size: str) -> tuple[bytes, str]:
    """The picture made small enough for ``size``; one that fits, or is unreadable, as it is."""
    width, height = map(int, size.split("x"))
    try:
        with Pillow.open(BytesIO(content)) as picture:
            if picture.width <= width and picture.height <= height:
                return content, content_type
            small = picture.convert("RGB")
            small.thumbnail((width, height))
    except (UnidentifiedImageError, Pillow.DecompressionBombError, OSError, ValueError):
        return content, content_type
    target = BytesIO()
    small.save(target, "JPEG", quality=82)
    return target.getvalue(), "image/jpeg"


def sign_voice(sandbox: "Sandbox", voice_id: str) -> str:
    """The address of a voice, good for an hour or until all links are made to expire."""
    expires = str(int(time.time()) + LINK_SECONDS)
    signature = _signature(sandbox, voice_id, expires)
    path = f"/avito/static/voices/{voice_id}.mp4"
    return f"{sandbox.base_url}{path}?expires={expires}&signature={signature}"


def _signature(sandbox: "Sandbox", voice_id: str, expires: str) -> str:
    key = sandbox.world.avito.link_key.encode()
    return hmac.new(key, f"{voice_id} {expires}".encode(), hashlib.sha256).hexdigest()


def check_voice_link(sandbox: "Sandbox", voice_id: str, *, expires: str, signature: str) -> bool:
    """Whether the sandbox gave out this address, and its hour is not over."""
    right = _signature(sandbox, voice_id, expires)
    # An address that was never signed may hold anything, also what is not ASCII.
    if not hmac.compare_digest(right.encode(), signature.encode()):
        return False
    return int(expires) > time.time()


def voice_content(sandbox: "Sandbox", voice_id: str) -> bytes | None:
    voice = sandbox.world.avito.voice_messages.get(voice_id)
    return sandbox.files.get(voice.file) if voice is not None else None
