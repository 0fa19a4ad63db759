"""QR codes of links and of subscriptions' addresses."""

import io

import segno

SCALE = {"svg": 6, "png": 8}
BORDER = 4


def render_qr(text: str, *, kind: str) -> bytes:
    """Return a picture of a text, dark on white whatever the page's theme: scanners want that.

    :param kind: ``svg`` or ``png``.
    :raises segno.DataOverflowError: the text is longer than the largest code holds.
    """
    # Links with a post-quantum key fill the largest code there is; the lowest level holds most.
    code = segno.make_qr(text, error="l", boost_error=True)
    out = io.BytesIO()
    code.save(out, kind=kind, scale=SCALE[kind], border=BORDER, dark="#000", light="#fff")
    return out.getvalue()


def svg_data_uri(text: str) -> str:
    """Return a picture to stand inside a page."""
    uri: str = segno.make_qr(text, error="l").svg_data_uri(
        scale=SCALE["svg"], border=BORDER, dark="#000", light="#fff"
    )
    return uri
