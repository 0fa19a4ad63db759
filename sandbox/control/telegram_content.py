"""What a person says in Telegram: text, media with captions, albums, places, cards."""

import secrets
from typing import Any

from sandbox.core import Sandbox
from sandbox.files import read_sample
from sandbox.telegram.errors import BotApiError
from sandbox.telegram.media import KINDS, PHOTO, Kind, keep_medium

from .bodies import Body, ControlError, media_content

Json = dict[str, Any]

TEXT_MAX = 4096
CAPTION_MAX = 1024
ALBUM_LEAST, ALBUM_MOST = 2, 10
SAMPLES = {
    "photo": ("photo.jpg", "photo-2.jpg", "photo-3.jpg"),
    "voice": ("voice.ogg",),
    "audio": ("audio.mp3",),
    "document": ("document.pdf",),
    "video": ("video.mp4",),
    "animation": ("animation.mp4",),
    "video_note": ("video_note.mp4",),
    "sticker": ("sticker.webp",),
}
SAMPLE_PLACE = {"latitude": 55.7963, "longitude": 49.1088}
SAMPLE_OBJECTS: dict[str, Json] = {
    "location": SAMPLE_PLACE,
    "venue": {**SAMPLE_PLACE, "title": "Kazan Arena", "address": "Yamasheva 115A"},
    "contact": {"phone_number": "+79000000000", "first_name": "Ivan"},
    "poll": {"question": "When?", "options": ["Today", "Tomorrow"]},
    "dice": {"emoji": "🎲"},
}
DICE = "🎲🎯🏀⚽🎳🎰"
UNCAPTIONED = ("sticker", "video_note")


def read_contents(sandbox: Sandbox, body: Body) -> list[Json]:
    """The content of each message that ``body`` asks for: one, or an album's several.

    :raises ControlError: there is none, it is too long, or a file cannot be read.
    """
    if "album" in body:
        return _album(sandbox, body)
    kind = next((kind for kind in KINDS.values() if kind.field in body), None)
    if kind is not None:
        return [_medium(sandbox, body, kind)]
    name = next((name for name in SAMPLE_OBJECTS if name in body), None)
    if name is not None:
        return [_OBJECTS[name](_object(body, name))]
    return [_text(body)]


def _text(body: Body) -> Json:
    text = body.text("text", None)
    if text is None:
        kinds = ", ".join(("text", "album", *SAMPLES, *SAMPLE_OBJECTS))
        raise ControlError(f"one of {kinds} is required")
    if len(text) > TEXT_MAX:
        raise ControlError(f"text must be at most {TEXT_MAX} characters long")
    content: Json = {"text": text}
    command = text.split()[0]
    if command.startswith("/") and len(command) > 1:
        content["entities"] = [{"type": "bot_command", "offset": 0, "length": len(command)}]
    return content


def _medium(sandbox: Sandbox, body: Body, kind: Kind) -> Json:
    shown = _keep(sandbox, kind, body.raw(kind.field), number=0)
    caption = {} if kind.field in UNCAPTIONED else _caption(body)
    return shown | caption


def _caption(body: Body) -> Json:
    caption = body.text("caption", body.text("text", None))
    if caption is not None and len(caption) > CAPTION_MAX:
        raise ControlError(f"caption must be at most {CAPTION_MAX} characters long")
    return {"caption": caption} if caption else {}


def _keep(sandbox: Sandbox, kind: Kind, value: Any, *, number: int) -> Json:
    samples = SAMPLES[kind.field]
    name = samples[number % len(samples)]
    content = media_content(kind.field, value, sample=read_sample(name))
    given = Body(value).text("name", None) if isinstance(value, dict) else name
    try:
        return keep_medium(sandbox, kind, content, name=given, facts={})
    except BotApiError as error:
        raise ControlError(f"{kind.field}: {error.description}") from None


def _album(sandbox: Sandbox, body: Body) -> list[Json]:
    """Photos, or ``{video: …}``, ``{document: …}``, ``{audio: …}``; the first has the caption."""
    items = body.items("album")
    if not ALBUM_LEAST <= len(items) <= ALBUM_MOST:
        raise ControlError(f"album must hold {ALBUM_LEAST} to {ALBUM_MOST} media")
    group = {"media_group_id": str(secrets.randbelow(10**17) + 10**16)}
    contents = []
    for number, item in enumerate(items):
        kind, value = _album_item(item)
        contents.append(_keep(sandbox, kind, value, number=number) | group)
    contents[0] |= _caption(body)
    return contents


def _album_item(item: Any) -> tuple[Kind, Any]:
    if isinstance(item, dict) and len(item) == 1:
        ((name, value),) = item.items()
        if name in ("photo", "video", "document", "audio"):
            return KINDS[name], value
    return PHOTO, item


def _object(body: Body, name: str) -> Body:
    """The fields of an object; what ``"sample"`` stands for where that is given."""
    value = body.raw(name)
    if value == "sample":
        value = SAMPLE_OBJECTS[name]
    if not isinstance(value, dict):
        raise ControlError(f'{name} must be "sample" or an object')
    return Body(value)


def _contact(fields: Body) -> Json:
    contact = {"phone_number": fields.text("phone_number"), "first_name": fields.text("first_name")}
    for name in ("last_name", "vcard"):
        if name in fields:
            contact[name] = fields.text(name)
    if "user_id" in fields:
        contact["user_id"] = fields.integer("user_id")
    fields.done()
    return {"contact": contact}


def _place(fields: Body) -> Json:
    place = {name: fields.raw(name) for name in ("latitude", "longitude")}
    if any(isinstance(v, bool) or not isinstance(v, int | float) for v in place.values()):
        raise ControlError("latitude and longitude must be numbers")
    return place


def _location(fields: Body) -> Json:
    location = _place(fields)
    if "live_period" in fields:
        location["live_period"] = fields.integer("live_period", least=60)
    fields.done()
    return {"location": location}


def _venue(fields: Body) -> Json:
    location = _place(fields)
    venue = {"location": location, "title": fields.text("title"), "address": fields.text("address")}
    fields.done()
    return {"venue": venue, "location": location}


def _poll(fields: Body) -> Json:
    question, options = fields.text("question"), fields.items("options")
    fields.done()
    return {
        "poll": {
            "id": str(secrets.randbelow(10**18) + 10**17),
            "question": question,
            "options": [
                {"persistent_id": str(n), "text": str(text), "voter_count": 0}
                for n, text in enumerate(options)
            ],
            "total_voter_count": 0,
            "is_closed": False,
            "is_anonymous": True,
            "type": "regular",
            "allows_multiple_answers": False,
            "allows_revoting": True,
            "members_only": False,
        }
    }


def _dice(fields: Body) -> Json:
    emoji = fields.one_of("emoji", DICE, DICE[0])
    value = fields.integer("value", secrets.randbelow(5) + 1, least=1)
    fields.done()
    return {"dice": {"emoji": emoji, "value": value}}


_OBJECTS = {
    "contact": _contact,
    "location": _location,
    "venue": _venue,
    "poll": _poll,
    "dice": _dice,
}
