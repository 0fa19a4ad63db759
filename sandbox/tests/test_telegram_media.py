"""Media, places and albums that bots send, with the refusals of the original."""

import io
import json

import pytest
import requests
from PIL import Image

from sandbox.files import read_sample

from .conftest import BOT, World

SAMPLES = {
    "photo": "photo.jpg",
    "voice": "voice.ogg",
    "audio": "audio.mp3",
    "document": "document.pdf",
    "video": "video.mp4",
    "animation": "animation.mp4",
    "video_note": "video_note.mp4",
    "sticker": "sticker.webp",
}
METHODS = {kind: f"send{kind.title().replace('_', '')}" for kind in SAMPLES}
TOO_BIG = "file of size 10485761 bytes is too big for a photo; the maximum size is 10485760 bytes"
PLACE = {"latitude": 55.79, "longitude": 49.1}


@pytest.fixture
def private(world):
    world.control("telegram/say", bot=BOT, chat_id=500, user=500, text="/start")
    return 500


def picture(width, height, *, kind="JPEG"):
    content = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(content, kind)
    return content.getvalue()


def upload(world, kind, content, *, name="file.bin", chat_id=500, **params):
    """The response of the method that sends ``kind``, its file in a part of the form."""
    url = f"{world.url}/telegram/bot{BOT}/{METHODS[kind]}"
    form = {"chat_id": str(chat_id), **params}
    return world.http.post(url, data=form, files={kind: (name, content)}, timeout=10)


def sent(world, kind, content, **params):
    response = upload(world, kind, content, **params)
    assert response.status_code == 200, response.text
    return response.json()["result"]


def refused(response):
    body = response.json()
    assert (body["ok"], body["error_code"]) == (False, response.status_code)
    return response.status_code, body["description"].partition(": ")[2]


def fetch(world, file_id):
    path = world.result("getFile", file_id=file_id)["file_path"]
    return world.http.get(f"{world.url}/telegram/file/bot{BOT}/{path}", timeout=5)


@pytest.mark.parametrize("kind", SAMPLES)
def test_every_medium_can_be_sent_shown_fetched_and_sent_again(world, private, kind):
    content = read_sample(SAMPLES[kind])
    message = sent(world, kind, content, name=SAMPLES[kind])
    shown = message[kind][-1] if kind == "photo" else message[kind]
    assert shown["file_size"] == len(content)
    assert fetch(world, shown["file_id"]).content == content
    again = world.result(METHODS[kind], chat_id=private, **{kind: shown["file_id"]})
    assert again[kind] == message[kind]
    last = world.chat(private)["messages"][-1]
    assert (last["media"], last[kind]) == (kind, again[kind])


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("voice", {"duration": 2, "mime_type": "audio/ogg"}),
        ("audio", {"duration": 0, "mime_type": "audio/mpeg", "file_name": "a.bin"}),
        ("document", {"mime_type": "application/pdf", "file_name": "a.bin"}),
        ("video", {"duration": 2, "width": 320, "height": 240, "mime_type": "video/mp4"}),
        ("animation", {"duration": 2, "width": 240, "height": 160, "mime_type": "video/mp4"}),
        ("video_note", {"duration": 2, "length": 240}),
        ("sticker", {"type": "regular", "is_animated": False, "is_video": False, "width": 512}),
    ],
)
def test_a_file_is_measured(world, private, kind, facts):
    shown = sent(world, kind, read_sample(SAMPLES[kind]), name="a.bin")[kind]
    assert {name: shown[name] for name in facts} == facts


def test_what_the_caller_says_of_a_file_wins(world, private):
    audio = {"duration": "180", "performer": "Anna", "title": "Song"}
    shown = sent(world, "audio", read_sample("audio.mp3"), **audio)["audio"]
    assert (shown["duration"], shown["performer"], shown["title"]) == (180, "Anna", "Song")


def test_an_animation_is_a_document_too(world, private):
    message = sent(world, "animation", read_sample("animation.mp4"))
    assert message["document"]["file_id"] == message["animation"]["file_id"]
    assert world.chat(private)["messages"][-1]["media"] == "animation"


def test_a_photo_comes_in_two_sizes_the_largest_last(world, private):
    small, large = sent(world, "photo", picture(1600, 1200))["photo"]
    assert (large["width"], large["height"]) == (1600, 1200)
    assert (small["width"], small["height"]) == (90, 68)
    thumbnail = Image.open(io.BytesIO(fetch(world, small["file_id"]).content))
    assert thumbnail.size == (90, 68)


@pytest.mark.parametrize(
    ("kind", "content", "field"),
    [
        ("voice", b"RIFF0000WAVE", "document"),
        ("voice", b"\x00\x00\x00\x20ftypisom and Opus in it", "document"),
        ("audio", read_sample("voice.ogg"), "voice"),
        ("video", b"\x1aE\xdf\xa3 webm", "document"),
        ("sticker", b"no sticker", "document"),
    ],
)
def test_what_is_of_another_format_is_sent_as_another_kind(world, private, kind, content, field):
    message = sent(world, kind, content)
    assert field in message
    assert kind not in message


@pytest.mark.parametrize("content", [b"ID3 tagged", b"\x00\x00\x00\x20ftypM4A played"])
def test_mp3_and_m4a_are_voices_too(world, private, content):
    assert sent(world, "voice", content)["voice"]["file_size"] == len(content)


@pytest.mark.parametrize(
    ("kind", "content", "refusal"),
    [
        ("photo", b"no picture", (400, "IMAGE_PROCESS_FAILED")),
        ("photo", picture(640, 480)[:600], (400, "IMAGE_PROCESS_FAILED")),
        ("photo", picture(2100, 100), (400, "PHOTO_INVALID_DIMENSIONS")),
        ("photo", picture(9000, 1001, kind="PNG"), (400, "PHOTO_INVALID_DIMENSIONS")),
        ("photo", b"", (400, "file must be non-empty")),
        ("voice", b"", (400, "file must be non-empty")),
        (
            "photo",
            b"x" * (10 * 1024 * 1024 + 1),
            (400, TOO_BIG),
        ),
        ("voice", b"x" * (50 * 1024 * 1024 + 1), (413, "")),
    ],
)
def test_a_file_that_cannot_be_sent_is_refused(world, private, kind, content, refusal):
    before = world.chat(private)["last_message_id"]
    assert refused(upload(world, kind, content)) == refusal
    assert world.chat(private)["last_message_id"] == before


def test_a_file_id_keeps_its_kind(world, private):
    voice = sent(world, "voice", read_sample("voice.ogg"))["voice"]["file_id"]
    refusal = world.refusal("sendPhoto", chat_id=private, photo=voice)
    assert refusal == (400, "Bad Request: can't use file of type VoiceNote as Photo")


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_missing_file_is_named(world, private, kind):
    text = f"there is no {kind.replace('_', ' ')} in the request"
    assert world.refusal(METHODS[kind], chat_id=private) == (400, f"Bad Request: {text}")


def test_a_caption_stands_under_a_voice_and_has_its_length(world, private):
    voice = read_sample("voice.ogg")
    message = sent(world, "voice", voice, caption="<b>Listen</b>", parse_mode="HTML")
    assert message["caption"] == "Listen"
    too_long = upload(world, "voice", voice, caption="x" * 1025)
    assert refused(too_long) == (400, "message caption is too long")
    assert sent(world, "voice", voice, caption="x" * 1024)["caption"] == "x" * 1024


def test_big_files_cannot_be_fetched(world, private):
    document = sent(world, "document", b"x" * (20 * 1024 * 1024 + 1))["document"]
    refusal = world.refusal("getFile", file_id=document["file_id"])
    assert refusal == (400, "Bad Request: file is too big")


def test_a_file_is_served_only_for_its_hour(world, private):
    voice = sent(world, "voice", read_sample("voice.ogg"))["voice"]
    path = world.result("getFile", file_id=voice["file_id"])["file_path"]
    url = f"{world.url}/telegram/file/bot{BOT}/{path}"
    assert world.http.get(url, timeout=5).status_code == 200
    world.control("telegram/expire_links")
    assert world.http.get(url, timeout=5).status_code == 404
    assert fetch(world, voice["file_id"]).status_code == 200
    assert world.http.get(url.replace(BOT, "1:none"), timeout=5).status_code == 401


def test_faults_strike_files_and_uploads(world, private):
    content = read_sample("voice.ogg")
    world.fault("telegram.sendVoice", "status", status=502, times=1)
    assert upload(world, "voice", content).status_code == 502
    assert world.chat(private)["last_message_id"] == 1
    world.fault("telegram.sendVoice", "timeout_after", times=1, seconds=0.2)
    with pytest.raises(requests.ConnectionError):
        upload(World(world.url), "voice", content)
    (message,) = world.chat(private, after=1)["messages"]
    world.fault("telegram.file", "status", status=500, times=1)
    file_id = message["voice"]["file_id"]
    assert fetch(world, file_id).status_code == 500
    assert fetch(world, file_id).content == content
    assert [call["status"] for call in world.calls("telegram.file")] == [500, 200]


def test_places_and_cards_are_shown(world, private):
    location = world.result("sendLocation", chat_id=private, **PLACE)
    assert location["location"] == PLACE
    venue = world.result("sendVenue", chat_id=private, **PLACE, title="Office", address="Main 1")
    assert venue["venue"] == {"location": PLACE, "title": "Office", "address": "Main 1"}
    assert venue["location"] == PLACE
    contact = {"phone_number": "+79000000000", "first_name": "Ivan"}
    assert world.result("sendContact", chat_id=private, **contact)["contact"] == contact
    shown = [message["media"] for message in world.chat(private)["messages"][1:]]
    assert shown == ["location", "venue", "contact"]


@pytest.mark.parametrize(
    ("method", "params", "text"),
    [
        ("sendLocation", {"longitude": 1}, "latitude is empty"),
        ("sendLocation", {"latitude": 1}, "longitude is empty"),
        (
            "sendLocation",
            {"latitude": "north", "longitude": 1},
            'can\'t parse parameter "latitude": Float expected',
        ),
        (
            "sendLocation",
            {"latitude": "nan", "longitude": 1},
            'can\'t parse parameter "latitude": Float expected',
        ),
        ("sendLocation", {"latitude": 91, "longitude": 1}, "invalid geo coordinates specified"),
        ("sendVenue", {**PLACE, "title": "Office"}, 'parameter "address" is required'),
        ("sendContact", {"first_name": "Ivan"}, 'parameter "phone_number" is required'),
    ],
)
def test_a_place_without_its_parts_is_refused(world, private, method, params, text):
    assert world.refusal(method, chat_id=private, **params) == (400, f"Bad Request: {text}")


def album(world, items, *, files=None, **params):
    url = f"{world.url}/telegram/bot{BOT}/sendMediaGroup"
    form = {"chat_id": "500", "media": json.dumps(items), **params}
    return world.http.post(url, data=form, files=files or {}, timeout=10)


def photos(count):
    """The items and the parts of an album of uploaded photos."""
    items = [{"type": "photo", "media": f"attach://part{n}"} for n in range(count)]
    return items, {f"part{n}": (f"{n}.png", picture(40 + n, 40)) for n in range(count)}


def test_an_album_is_a_message_for_each_item(world, private):
    items, files = photos(3)
    items[0]["caption"] = "three"
    items[1] = {"type": "video", "media": "attach://part1"}
    files["part1"] = ("v.mp4", read_sample("video.mp4"))
    messages = album(world, items, files=files).json()["result"]
    assert [message["message_id"] for message in messages] == [2, 3, 4]
    assert len({message["media_group_id"] for message in messages}) == 1
    assert [message.get("caption") for message in messages] == ["three", None, None]
    assert [m["photo"][-1]["width"] for m in messages if "photo" in m] == [40, 42]
    shown = world.chat(private)["messages"][1:]
    assert [message["media"] for message in shown] == ["photo", "video", "photo"]
    part = world.calls("telegram.sendMediaGroup")[-1]["params"]["media"][0]["media"]
    assert part["file_name"] == "0.png"


def test_an_album_is_sent_whole_or_not_at_all(world, private):
    items, files = photos(3)
    del files["part2"]
    refusal = refused(album(world, items, files=files))
    assert refusal == (400, "wrong remote file identifier specified: Wrong string length")
    assert world.chat(private)["last_message_id"] == 1


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([{"type": "photo", "media": "x"}], "too few messages to send as an album"),
        ([{"type": "photo", "media": "x"}] * 11, "too many messages to send as an album"),
        (
            [{"type": "photo", "media": "x"}, {"type": "document", "media": "x"}],
            "document can't be mixed with other media types",
        ),
        (
            [{"type": "audio", "media": "x"}, {"type": "video", "media": "x"}],
            "audio can't be mixed with other media types",
        ),
        (
            [{"type": "voice", "media": "x"}] * 2,
            "can't parse InputMedia: wrong type of the media specified",
        ),
        ([{"type": "photo"}] * 2, "can't parse InputMediaPhoto: media not found"),
        (
            [{"type": "photo", "media": 5}] * 2,
            'can\'t parse parameter "media": String expected',
        ),
        (
            [{"type": "photo", "media": "x", "caption": []}] * 2,
            'can\'t parse parameter "caption": String expected',
        ),
        (
            [{"type": "photo", "media": "x", "colour": "red"}] * 2,
            'unknown field "colour" of InputMediaPhoto',
        ),
    ],
)
def test_a_wrong_album_is_refused(world, private, items, text):
    assert refused(album(world, items)) == (400, text)
    assert world.chat(private)["last_message_id"] == 1


def test_every_photo_of_an_album_spends_the_groups_allowance(start):
    world = World(start(TELEGRAM_CHAT_PER_SECOND="1000").wait_ready().url)
    world.control("telegram/bots", token=BOT)
    group = world.group()
    items, files = photos(10)
    statuses = [album(world, items, files=files, chat_id=str(group)).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


def test_a_copy_has_the_content_and_nothing_else(world, private):
    group = world.group()
    keyboard = {"inline_keyboard": [[{"text": "Take", "callback_data": "1"}]]}
    source = world.result("sendVoice", chat_id=private, voice=said_voice(world))
    target = {"chat_id": group, "from_chat_id": private, "message_id": source["message_id"]}
    copied = world.result("copyMessage", **target, caption="heard", reply_markup=keyboard)
    assert list(copied) == ["message_id"]
    shown = world.chat(group)["messages"][-1]
    assert (shown["message_id"], shown["text"]) == (copied["message_id"], "heard")
    assert (shown["voice"], shown["from"]["id"]) == (source["voice"], 111222)
    assert shown["buttons"] == keyboard["inline_keyboard"]
    target["message_id"] = 999
    refusal = world.refusal("copyMessage", **target)
    assert refusal == (400, "Bad Request: message to copy not found")


def said_voice(world):
    message_id = world.control("telegram/say", bot=BOT, chat_id=500, user=500, voice="sample")
    shown = world.chat(500)["messages"][-1]
    assert shown["message_id"] == message_id["message_id"]
    return shown["voice"]["file_id"]


def test_a_medium_takes_the_place_of_a_text_and_of_another(world, private):
    text = world.result("sendMessage", chat_id=private, text="soon")["message_id"]
    voice = said_voice(world)
    photo = world.result(
        "sendPhoto", chat_id=private, photo=f"{world.url}/avito/static/images/sample/32x32"
    )
    target = {"chat_id": private, "message_id": text}
    media = {"type": "photo", "media": photo["photo"][-1]["file_id"], "caption": "here"}
    edited = world.result("editMessageMedia", **target, media=media)
    assert (edited["photo"], edited["caption"]) == (photo["photo"], "here")
    assert "text" not in edited
    media["type"], media["media"] = "document", voice
    code, text = world.refusal("editMessageMedia", **target, media=media)
    assert (code, text) == (400, "Bad Request: can't use file of type VoiceNote as Document")
    theirs = {"chat_id": private, "message_id": 1, "media": media}
    assert world.refusal("editMessageMedia", **theirs)[1] == "Bad Request: message can't be edited"


def test_files_outlive_a_restart(start, tmp_path):
    first = start()
    world = World(first.wait_ready().url)
    world.control("telegram/bots", token=BOT)
    world.control("telegram/say", bot=BOT, chat_id=500, user=500, text="/start")
    voice = sent(world, "voice", read_sample("voice.ogg"))["voice"]
    first.stop()
    world = World(start().wait_ready().url)
    assert fetch(world, voice["file_id"]).content == read_sample("voice.ogg")
    again = world.result("sendVoice", chat_id=500, voice=voice["file_id"])
    assert again["voice"] == voice
