"""Pictures and voices made into what every side can take; what is no such thing is refused."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import av
import pytest
from PIL import Image

from integrations.media import images, voices

SAMPLES = Path(__file__).resolve().parents[2] / "sandbox" / "samples"


def picture(size=(40, 30), *, kind="PNG", mode="RGB", colour=None, **options) -> bytes:
    target = BytesIO()
    image = Image.new(mode, size, colour if colour is not None else "red")
    image.save(target, kind, **options)
    return target.getvalue()


def opened(redrawn: images.Picture) -> Image.Image:
    image = Image.open(BytesIO(redrawn.content))
    image.load()
    return image


def bomb(width: int, height: int) -> bytes:
    """Return a small PNG whose head promises a picture of this size."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_every_kind_becomes_a_jpeg_of_the_same_size(kind):
    redrawn = images.redraw(picture(kind=kind))
    image = opened(redrawn)
    assert image.format == "JPEG"
    assert image.size == (redrawn.width, redrawn.height) == (40, 30)
    red, green, blue = image.getpixel((20, 15))
    assert red > 240
    assert max(green, blue) < 15


def test_a_large_picture_is_made_smaller_in_its_proportions():
    redrawn = images.redraw(picture((5120, 1280), kind="JPEG"))
    assert (redrawn.width, redrawn.height) == (images.LONGEST_SIDE, 640)


def test_nothing_that_came_with_it_is_kept():
    exif = Image.Exif()
    exif[0x010F] = "Camera of Boris"
    exif[0x8825] = {1: "N", 2: (55.0, 45.0, 0.0)}
    original = picture(kind="JPEG", exif=exif, comment=b"secret")
    assert b"Camera of Boris" in original
    redrawn = images.redraw(original)
    assert b"Camera of Boris" not in redrawn.content
    assert b"secret" not in redrawn.content
    assert not opened(redrawn).getexif()


def test_a_picture_that_lies_on_its_side_is_stood_up():
    exif = Image.Exif()
    exif[0x0112] = 6
    redrawn = images.redraw(picture((40, 20), kind="JPEG", exif=exif))
    assert (redrawn.width, redrawn.height) == (20, 40)


def test_what_is_transparent_becomes_white():
    redrawn = images.redraw(picture(mode="RGBA", colour=(0, 0, 0, 0)))
    assert min(opened(redrawn).getpixel((5, 5))) > 250


def test_a_palette_with_transparency_becomes_white():
    image = Image.new("P", (10, 10), 0)
    image.putpalette([0, 0, 0] * 256)
    target = BytesIO()
    image.save(target, "PNG", transparency=0)
    assert min(opened(images.redraw(target.getvalue())).getpixel((5, 5))) > 250


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1"])
def test_other_modes_are_drawn_in_colour(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    redrawn = images.redraw(picture(kind=kind, mode=mode, colour=0))
    assert opened(redrawn).mode == "RGB"


def test_the_same_picture_is_drawn_the_same():
    """The hash of what is drawn is what keeps a picture once."""
    content = picture((300, 200))
    assert images.redraw(content).content == images.redraw(content).content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        picture()[:60],
        picture(kind="TIFF"),
        picture(kind="JPEG")[:200],
    ],
    ids=["empty", "text", "svg", "postscript", "cut PNG", "TIFF", "cut JPEG"],
)
def test_what_is_no_picture_that_we_take_is_refused(content):
    with pytest.raises(images.BadImageError):
        images.redraw(content)


@pytest.mark.parametrize("size", [(30_000, 30_000), (9_000, 9_000), (60_000, 2_000)])
def test_a_bomb_is_refused_before_it_is_drawn(size):
    content = bomb(*size)
    assert len(content) < 200
    with pytest.raises(images.BadImageError, match="pixels"):
        images.redraw(content)


def test_too_many_bytes_are_not_even_looked_at(monkeypatch):
    monkeypatch.setattr(images, "MAX_BYTES", 10)
    with pytest.raises(images.BadImageError, match="bytes"):
        images.redraw(picture())


def packets(content: bytes) -> list[bytes]:
    with av.open(BytesIO(content)) as source:
        return [bytes(packet) for packet in source.demux(audio=0) if packet.size]


def test_a_voice_of_avitos_changes_its_wrapping_and_not_its_sound():
    original = (SAMPLES / "avito_voice.mp4").read_bytes()
    voice = voices.rewrap(original)
    assert voice.content.startswith(b"OggS")
    assert b"OpusHead" in voice.content[:100]
    assert packets(voice.content) == packets(original)
    with av.open(BytesIO(original)) as source:
        assert voice.duration_seconds == pytest.approx(source.duration / 1_000_000, abs=0.1)


def test_a_voice_that_is_an_ogg_already_stays_one():
    original = (SAMPLES / "voice.ogg").read_bytes()
    voice = voices.rewrap(original)
    assert packets(voice.content) == packets(original)


def test_another_sound_is_made_into_opus():
    voice = voices.rewrap((SAMPLES / "audio.mp3").read_bytes())
    with av.open(BytesIO(voice.content)) as wrapped:
        assert wrapped.streams.audio[0].codec_context.name == "opus"
    assert voice.duration_seconds > 0


@pytest.mark.parametrize(
    "content",
    [b"", b"no sound", picture(), (SAMPLES / "avito_voice.mp4").read_bytes()[:300]],
    ids=["empty", "text", "picture", "cut"],
)
def test_what_holds_no_sound_is_refused(content):
    with pytest.raises(voices.BadVoiceError):
        voices.rewrap(content)


def test_too_long_a_voice_is_not_even_looked_at(monkeypatch):
    monkeypatch.setattr(voices, "MAX_BYTES", 100)
    with pytest.raises(voices.BadVoiceError, match="bytes"):
        voices.rewrap((SAMPLES / "voice.ogg").read_bytes())
