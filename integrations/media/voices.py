"""Voice messages: Avito keeps Opus in an MP4, Telegram plays Opus in an Ogg.

The sound itself is not touched: it is taken out of the one wrapping and put into the other.
"""

from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO

import av

MAX_BYTES = 20 * 1024 * 1024
CONTENT_TYPE = "audio/ogg"
# Anything but Opus is made into Opus; 48 kHz is its own rate.
_RATE = 48_000


class BadVoiceError(ValueError):
    """The content holds no sound that can be read, or is too large."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Opus in an Ogg."""

    content: bytes
    duration_seconds: float


def rewrap(content: bytes) -> Voice:
    """Return a voice message as Telegram plays it.

    :raises BadVoiceError: there is no sound in it, or it is larger than 20 MB.
    """
    if len(content) > MAX_BYTES:
        raise BadVoiceError("too many bytes")
    target = BytesIO()
    try:
        with (
            av.open(BytesIO(content), mode="r") as source,
            av.open(target, mode="w", format="ogg") as wrapped,
        ):
            seconds = _copy(source, wrapped)
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise BadVoiceError(type(error).__name__) from None
    return Voice(target.getvalue(), seconds)


def _copy(source: "av.container.InputContainer", wrapped: "av.container.OutputContainer") -> float:
    sound = source.streams.audio[0]
    if sound.codec_context.name == "opus":
        return _copy_packets(source, sound, wrapped)
    return _encode(source, sound, wrapped)


def _copy_packets(
    source: "av.container.InputContainer",
    sound: "av.AudioStream",
    wrapped: "av.container.OutputContainer",
) -> float:
    stream = wrapped.add_stream_from_template(sound)
    end = Fraction(0)
    for packet in source.demux(sound):
        if packet.dts is None or packet.pts is None:
            continue
        end = max(end, (packet.pts + (packet.duration or 0)) * Fraction(packet.time_base))
        packet.stream = stream
        wrapped.mux(packet)
    return float(end)


def _encode(
    source: "av.container.InputContainer",
    sound: "av.AudioStream",
    wrapped: "av.container.OutputContainer",
) -> float:
    stream = wrapped.add_stream("libopus", rate=_RATE)
    samples = 0
    for frame in source.decode(sound):
        frame.pts = None
        samples += frame.samples
        wrapped.mux(stream.encode(frame))
    wrapped.mux(stream.encode(None))
    return samples / (sound.rate or _RATE)
