"""Contents for tests: pictures of one colour, a bomb, and a real voice."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

from django.conf import settings
from PIL import Image

from integrations.services.files import keep_image, keep_voice

SAMPLES = Path(settings.BASE_DIR) / "sandbox" / "samples"


def picture(width=40, height=30, format="JPEG", *, color=0):
    """Return a picture; another ``color`` (0 to 25) makes it another one."""
    target = BytesIO()
    Image.new("RGB", (width, height), (color * 10, 90, 160)).save(target, format)
    return target.getvalue()


def bomb(side=20_000):
    """Return a tiny PNG that says of itself that it has 400 megapixels."""

    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def store_picture(organization, *, color=0, width=40, height=30):
    content = picture(width, height, color=color)
    return keep_image(organization_id=organization.pk, content=content)


def store_voice(organization):
    """Keep the voice message that the sandbox's people say."""
    content = (SAMPLES / "voice.ogg").read_bytes()
    return keep_voice(organization_id=organization.pk, content=content)
