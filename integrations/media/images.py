"""Pictures from outside, drawn anew: nothing of what came with them is kept but what is seen."""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

# Avito takes pictures of up to 24 MB and 75 megapixels (contracts: Avito).
MAX_BYTES = 24 * 1024 * 1024
MAX_PIXELS = 75_000_000
LONGEST_SIDE = 2560
QUALITY = 85
CONTENT_TYPE = "image/jpeg"
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")


class BadImageError(ValueError):
    """The content is no picture of a kind that we take, is broken, or is too large."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG. ``width`` and ``height`` in pixels."""

    content: bytes
    width: int
    height: int


def redraw(content: bytes) -> Picture:
    """Return a picture as a JPEG of at most 2,560 pixels a side, upright, without metadata.

    Takes JPEG, PNG, GIF (its first frame), BMP and WebP; what is transparent becomes white.

    :raises BadImageError: it is not one of them, is broken, or is larger than Avito would take.
    """
    if len(content) > MAX_BYTES:
        raise BadImageError("too many bytes")
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise BadImageError("too many pixels")
            # A JPEG can be decoded smaller than it is, which spares most of the work.
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            return _encode(_on_white(ImageOps.exif_transpose(image)))
    except BadImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadImageError("too many pixels") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise BadImageError(type(error).__name__) from None


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if not image.has_transparency_data:
        return image.convert("RGB")
    layers = image.convert("RGBA")
    ground = Image.new("RGB", layers.size, "white")
    ground.paste(layers, mask=layers.getchannel("A"))
    return ground


def _encode(image: Image.Image) -> Picture:
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    # Pillow would write a JPEG's comment back.
    image.info.clear()
    target = BytesIO()
    image.save(target, "JPEG", quality=QUALITY, optimize=True)
    return Picture(target.getvalue(), image.width, image.height)
