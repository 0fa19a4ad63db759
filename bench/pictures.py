"""Pictures that carry a number through every redrawing: in their width and height."""

import base64
from io import BytesIO

from PIL import Image

# Avito's largest size is 1280x960; within it nobody makes a picture smaller.
_LEAST = 200
_PLACES = 16
_WIDTHS = {"b": 0, "s": 400}

Json = dict[str, object]


def draw(side: str, *, dialog: int, number: int, place: int = 1) -> Json:
    """Make a picture as the sandbox takes it.

    :param side: ``b`` for the buyer's, ``s`` for the seller's.
    :param dialog: below 400; ``number`` below 47, ``place`` (in an album) below 16.
    """
    width = _LEAST + _WIDTHS[side] + dialog
    height = _LEAST + _PLACES * number + place
    content = BytesIO()
    Image.new("RGB", (width, height), (number * 5 % 256, dialog % 256, place * 15)).save(
        content, "JPEG"
    )
    return {
        "name": f"{side}{dialog}-{number}-{place}.jpg",
        "content_type": "image/jpeg",
        "base64": base64.b64encode(content.getvalue()).decode(),
    }


def name_of(width: int, height: int) -> str:
    """Get what a picture of this size is called, such as ``s012-004#2``; empty: none of ours."""
    side = "s" if width >= _LEAST + _WIDTHS["s"] else "b"
    dialog = width - _LEAST - _WIDTHS[side]
    number, place = divmod(height - _LEAST, _PLACES)
    if dialog < 1 or number < 1 or place < 1:
        return ""
    return f"{side}{dialog:03}-{number:03}#{place}"


def measure(content: bytes) -> tuple[int, int]:
    """Get width and height of a picture."""
    with Image.open(BytesIO(content)) as picture:
        return picture.size
