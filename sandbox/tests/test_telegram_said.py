"""Everything that a person can say in Telegram, and whose name it bears."""

import base64

import pytest

from sandbox.files import read_sample

from .conftest import BOT

OTHER = "333444:another-token"
FILES = {
    "photo": "photo.jpg",
    "voice": "voice.ogg",
    "audio": "audio.mp3",
    "document": "document.pdf",
    "video": "video.mp4",
    "animation": "animation.mp4",
    "video_note": "video_note.mp4",
    "sticker": "sticker.webp",
}
OBJECTS = {
    "location": {"latitude": 55.7, "longitude": 49.1},
    "contact": {"phone_number": "+79000000000", "first_name": "Ivan", "user_id": 500},
    "dice": {"emoji": "🎯", "value": 3},
}


@pytest.fixture
def group(world):
    return world.group()


def updates(world, kind="message"):
    return [update[kind] for update in world.result("getUpdates") if kind in update]


def say(world, chat_id=500, **options):
    body = {"bot": BOT, "chat_id": chat_id, "user": 500, **options}
    return world.control("telegram/say", **body)


def fetched(world, file_id):
    path = world.result("getFile", file_id=file_id)["file_path"]
    return world.http.get(f"{world.url}/telegram/file/bot{BOT}/{path}", timeout=5).content


@pytest.mark.parametrize("kind", FILES)
def test_every_medium_can_be_said_and_fetched(world, kind):
    message_id = say(world, **{kind: "sample"})["message_id"]
    (message,) = updates(world)
    file = message[kind][-1] if kind == "photo" else message[kind]
    assert fetched(world, file["file_id"]) == read_sample(FILES[kind])
    (shown,) = world.chat(500)["messages"]
    assert (shown["message_id"], shown["media"]) == (message_id, kind)
    answer = world.http.get(f"{world.url}/control/telegram/files/{file['file_id']}", timeout=5)
    assert answer.content == read_sample(FILES[kind])


@pytest.mark.parametrize("kind", ["photo", "voice", "audio", "document", "video", "animation"])
def test_a_caption_comes_with_its_medium(world, kind):
    say(world, **{kind: "sample"}, caption="look")
    assert updates(world)[0]["caption"] == "look"


@pytest.mark.parametrize("kind", ["sticker", "video_note"])
def test_some_media_have_no_caption(world, kind):
    body = {"bot": BOT, "chat_id": 500, "user": 500, kind: "sample", "caption": "look"}
    world.control("telegram/say", **body, expect=400)
    assert updates(world) == []


def test_a_file_of_ones_own_can_be_said(world):
    content = b"invoice, 5 000"
    file = {
        "name": "invoice.txt",
        "content_type": "text/plain",
        "base64": base64.b64encode(content).decode(),
    }
    say(world, document=file)
    document = updates(world)[0]["document"]
    assert (document["file_name"], document["file_size"]) == ("invoice.txt", len(content))
    assert fetched(world, document["file_id"]) == content


@pytest.mark.parametrize("kind", OBJECTS)
def test_places_cards_and_dice_can_be_said(world, kind):
    say(world, **{kind: OBJECTS[kind]})
    assert updates(world)[0][kind] == OBJECTS[kind]
    assert world.chat(500)["messages"][0]["media"] == kind


@pytest.mark.parametrize("kind", ["location", "venue", "contact", "poll", "dice"])
def test_there_is_a_sample_of_every_object(world, kind):
    say(world, **{kind: "sample"})
    assert updates(world)[0][kind]
    assert world.chat(500)["messages"][0]["media"] == kind


def test_a_venue_is_a_location_too(world):
    venue = {"latitude": 1.5, "longitude": 2, "title": "Office", "address": "Main 1"}
    say(world, venue=venue)
    (message,) = updates(world)
    assert message["location"] == {"latitude": 1.5, "longitude": 2}
    assert message["venue"]["title"] == "Office"


def test_a_poll_lists_its_options(world):
    say(world, poll={"question": "When?", "options": ["Today", "Never"]})
    poll = updates(world)[0]["poll"]
    assert poll["question"] == "When?"
    assert [option["text"] for option in poll["options"]] == ["Today", "Never"]


def test_an_album_is_an_update_for_each_photo(world, group):
    thread = world.topic(group)
    album = ["sample", "sample", {"video": "sample"}]
    said = say(world, group, thread_id=thread, album=album, caption="three")
    messages = updates(world)[1:]
    assert [message["message_id"] for message in messages] == said["message_ids"]
    assert said["message_id"] == said["message_ids"][0]
    assert len({message["media_group_id"] for message in messages}) == 1
    assert [message.get("caption") for message in messages] == ["three", None, None]
    assert all(message["message_thread_id"] == thread for message in messages)
    photos = [fetched(world, m["photo"][-1]["file_id"]) for m in messages if "photo" in m]
    assert photos == [read_sample("photo.jpg"), read_sample("photo-2.jpg")]
    say(world, group, album=["sample", "sample"])
    assert updates(world)[-1]["media_group_id"] != messages[0]["media_group_id"]


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"album": ["sample"]},
        {"album": ["sample"] * 11},
        {"album": "sample"},
        {"photo": {"name": "x.jpg", "base64": base64.b64encode(b"no picture").decode()}},
        {"voice": {"base64": "!"}},
        {"document": {"name": "x.txt", "base64": ""}},
        {"document": {"name": 5, "base64": "eA=="}},
        {"photo": "sample", "caption": "x" * 1025},
        {"location": {"latitude": "north", "longitude": 1}},
        {"location": {"latitude": 1}},
        {"venue": {"latitude": 1, "longitude": 1, "title": "x"}},
        {"poll": {"question": "?"}},
        {"dice": {"emoji": "🐟"}},
        {"contact": {"first_name": "Ivan"}},
        {"voice": "sample", "sticker": "sample"},
    ],
)
def test_what_cannot_be_said_is_refused_with_a_reason(world, content):
    body = {"bot": BOT, "chat_id": 500, "user": 500, **content}
    assert world.control("telegram/say", **body, expect=400)["error"]
    assert updates(world) == []


def test_text_caption_and_photo_can_be_edited(world):
    text = say(world, text="one")["message_id"]
    photo = say(world, photo="sample", caption="one")["message_id"]
    say(world, text="two", edits=text)
    say(world, caption="two", photo="sample", edits=photo)
    say(world, text="three", edits=photo)
    changed, replaced, captioned = updates(world, "edited_message")
    assert (changed["message_id"], changed["text"]) == (text, "two")
    assert (replaced["message_id"], replaced["caption"]) == (photo, "two")
    assert replaced["photo"] == captioned["photo"] != updates(world)[1]["photo"]
    assert captioned["caption"] == "three"
    assert [m["edited"] for m in world.chat(500)["messages"]] == [True, True]


def test_a_text_stays_a_text_and_ones_own(world, group):
    text = say(world, text="one")["message_id"]
    body = {"bot": BOT, "chat_id": 500, "user": 500}
    world.control("telegram/say", **body, photo="sample", edits=text, expect=409)
    theirs = say(world, group, text="mine")["message_id"]
    body |= {"chat_id": group, "user": 501}
    world.control("telegram/say", **body, text="yours", edits=theirs, expect=409)
    assert updates(world, "edited_message") == []


def test_a_medium_answers_a_message(world, group):
    first = world.result("sendMessage", chat_id=group, text="question")["message_id"]
    say(world, group, voice="sample", reply_to=first)
    assert updates(world)[-1]["reply_to_message"]["text"] == "question"


def test_an_anonymous_administrator_speaks_for_the_group(world, group):
    said = say(world, group, text="from above", **{"as": "anonymous"})["message_id"]
    message = updates(world)[-1]
    assert (message["from"]["id"], message["from"]["is_bot"]) == (1087968824, True)
    assert message["sender_chat"]["id"] == group
    say(world, group, text="from above!", edits=said, **{"as": "anonymous"})
    assert updates(world, "edited_message")[-1]["text"] == "from above!"
    assert world.chat(group)["messages"][-1]["sender_chat"]["id"] == group


def test_a_channel_speaks_under_its_own_name(world, group):
    say(world, group, text="news", **{"as": "channel"})
    say(world, group, photo="sample", **{"as": "linked_channel"})
    signed, forwarded = updates(world)[-2:]
    assert (signed["from"]["username"], signed["sender_chat"]["type"]) == ("Channel_Bot", "channel")
    assert forwarded["from"] == {"id": 777000, "is_bot": False, "first_name": "Telegram"}
    assert forwarded["is_automatic_forward"] is True
    assert forwarded["forward_origin"]["chat"] == forwarded["sender_chat"]


def test_bots_do_not_hear_other_bots(world, group):
    world.control("telegram/bots", token=OTHER, username="other_bot")
    world.group(chat_id=group, bots=[OTHER])
    say(world, group, text="from a bot", by_bot=OTHER, **{"as": "bot"})
    assert world.chat(group)["messages"][-1]["from"]["username"] == "other_bot"
    assert updates(world) == []
    say(world, group, text="from a person")
    assert [message["text"] for message in updates(world)] == ["from a person"]


def test_in_private_a_person_speaks_for_itself(world):
    body = {"bot": BOT, "chat_id": 500, "user": 500, "text": "x"}
    for speaker in ("anonymous", "nobody"):
        world.control("telegram/say", **body, **{"as": speaker}, expect=400)


def test_deleting_is_told_to_nobody(world):
    said = say(world, text="oops")["message_id"]
    before = len(world.result("getUpdates"))
    target = {"bot": BOT, "chat_id": 500, "message_id": said, "user": 500}
    assert world.control("telegram/delete", **target) == {"ok": True}
    assert len(world.result("getUpdates")) == before
    assert world.chat(500)["messages"][0]["deleted"] is True
    world.control("telegram/delete", **target, expect=404)
    reaction = {"chat_id": 500, "message_id": said, "reaction": []}
    refusal = world.refusal("setMessageReaction", **reaction)
    assert refusal == (400, "Bad Request: message to react not found")


def test_a_reaction_is_set_changed_and_taken_away(world, group):
    world.result("getUpdates", allowed_updates=["message_reaction"])
    sent = world.result("sendMessage", chat_id=group, text="x")["message_id"]
    target = {"bot": BOT, "chat_id": group, "message_id": sent, "user": 500}
    for emoji in ("👎", "🔥", None):
        world.control("telegram/react", **target, emoji=emoji)
    changes = updates(world, "message_reaction")
    told = [
        tuple([r["emoji"] for r in change[side]] for side in ("old_reaction", "new_reaction"))
        for change in changes
    ]
    assert told == [([], ["👎"]), (["👎"], ["🔥"]), (["🔥"], [])]
    assert {change["user"]["id"] for change in changes} == {500}
    assert "reactions" not in world.chat(group)["messages"][0]


def test_an_anonymous_reaction_is_the_groups(world, group):
    world.result("getUpdates", allowed_updates=["message_reaction"])
    sent = world.result("sendMessage", chat_id=group, text="x")["message_id"]
    target = {"bot": BOT, "chat_id": group, "message_id": sent, "user": 500}
    world.control("telegram/react", **target, emoji="👎", **{"as": "anonymous"})
    (change,) = updates(world, "message_reaction")
    assert change["actor_chat"]["id"] == group
    assert "user" not in change
    world.control("telegram/react", **target, emoji="🪿", expect=400)


def test_a_bots_own_reaction_is_told_to_nobody(world, group):
    world.result("getUpdates", allowed_updates=["message", "message_reaction"])
    said = say(world, group, text="question")["message_id"]
    ok = [{"type": "emoji", "emoji": "👌"}]
    target = {"chat_id": group, "message_id": said}
    assert world.result("setMessageReaction", **target, reaction=ok) is True
    assert world.refusal("setMessageReaction", **target, reaction=ok * 2) == (
        400,
        "Bad Request: REACTIONS_TOO_MANY",
    )
    assert updates(world, "message_reaction") == []
    assert world.chat(group)["messages"][0]["reactions"] == ["👌"]
    assert world.result("setMessageReaction", **target) is True
    assert "reactions" not in world.chat(group)["messages"][0]
