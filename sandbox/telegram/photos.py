"""Photos: from an upload, an address or a file id to what stands in a message."""

import secrets
import struct
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp

from .errors import bad_request
from .params import Upload
from .state import StoredFile

if TYPE_CHECKING:
    from sandbox.core import Sandbox

Json = dict[str, Any]

PHOTO_BYTES = 10 * 1024 * 1024
FETCH_SECONDS = 5
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


async def obtain_photo(sandbox: "Sandbox", source: Upload | str) -> list[Json]:
    """The PhotoSizes of a photo as a bot gives it: upload, http address or file id.

    :raises BotApiError: it cannot be had, is too big or is no picture.
    """
    if isinstance(source, Upload):
        return keep_photo(sandbox, source.content)
    if source.startswith(("http://", "https://")):
        return keep_photo(sandbox, await _fetch(sandbox, source))
    known = sandbox.world.telegram.files.get(source)
    if known is None:
        raise bad_request("wrong remote file identifier specified: Wrong string length")
    content = sandbox.files.get(known.unique_id) or b""
    return [_photo_size(known, content)]


def keep_photo(sandbox: "Sandbox", content: bytes) -> list[Json]:
    """The PhotoSizes of a new photo, its content kept.

    :raises BotApiError: it is too big or neither JPEG, PNG, GIF nor WebP.
    """
    if len(content) > PHOTO_BYTES:
        raise bad_request("file is too big")
    if _kind(content) is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    return [_photo_size(keep_file(sandbox, content, folder="photos", suffix="jpg"), content)]


def keep_file(sandbox: "Sandbox", content: bytes, *, folder: str, suffix: str) -> StoredFile:
    """A new file of Telegram's, its content kept."""
    files = sandbox.world.telegram.files
    stored = StoredFile(
        file_id=f"AgACAgIAAx{secrets.token_urlsafe(24)}",
        unique_id=sandbox.files.put(content),
        path=f"{folder}/file_{len(files)}.{suffix}",
        size=len(content),
        content_type=_kind(content) or "application/octet-stream",
    )
    files[stored.file_id] = stored
    return stored


async def _fetch(sandbox: "Sandbox", url: str) -> bytes:
    failed = bad_request("failed to get HTTP URL content")
    if urlsplit(url).hostname not in LOOPBACK:
        raise failed
    timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
    try:
        async with sandbox.client.get(url, timeout=timeout) as response:
            content = await response.read()
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        raise failed from None
    if response.status != 200:
        raise failed
    if not response.content_type.startswith("image/"):
        raise bad_request("wrong type of the web page content")
    return content


def _photo_size(stored: StoredFile, content: bytes) -> Json:
    width, height = _dimensions(content)
    return {
        "file_id": stored.file_id,
        "file_unique_id": stored.unique_id,
        "file_size": stored.size,
        "width": width,
        "height": height,
    }


def _kind(content: bytes) -> str | None:
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"GIF8"):
        return "image/gif"
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def _dimensions(content: bytes) -> tuple[int, int]:
    """Width and height in pixels; a usual size where the format does not tell easily."""
    kind = _kind(content)
    if kind == "image/png" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if kind == "image/gif" and len(content) >= 10:
        width, height = struct.unpack("<HH", content[6:10])
        return width, height
    return 1280, 960
