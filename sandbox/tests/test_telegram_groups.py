"""A bot's place in a group, its rights, and what people do to topics."""

import pytest

from sandbox.files import read_sample

from .conftest import BOT, World

BOT_ID = 111222
HOURS_48 = 48 * 3600
PLACE = {"latitude": 1, "longitude": 1}


@pytest.fixture
def group(world):
    return world.group()


def updates(world, kind="message"):
    return [update[kind] for update in world.result("getUpdates") if kind in update]


def last_change(world):
    change = updates(world, "my_chat_member")[-1]
    return change["old_chat_member"], change["new_chat_member"]


def say(world, chat_id, **options):
    body = {"bot": BOT, "chat_id": chat_id, "user": 500, "text": "x", **options}
    return world.control("telegram/say", **body)["message_id"]


def test_a_kicked_bot_returns_with_its_rights(world):
    group = world.group(rights={"can_pin_messages": False})
    world.control("telegram/kick", bot=BOT, chat_id=group)
    world.control("telegram/kick", bot=BOT, chat_id=group)
    assert say(world, group)
    assert updates(world) == []
    world.control("telegram/return", bot=BOT, chat_id=group)
    old, new = last_change(world)
    assert (old["status"], new["status"]) == ("kicked", "administrator")
    assert (new["can_pin_messages"], new["can_manage_topics"]) == (False, True)
    assert len(updates(world, "my_chat_member")) == 3
    world.result("sendMessage", chat_id=group, text="back")


def test_a_bot_may_return_with_other_rights(world, group):
    world.control("telegram/kick", bot=BOT, chat_id=group)
    world.control("telegram/return", bot=BOT, chat_id=group, rights={"can_manage_topics": False})
    refusal = world.refusal("createForumTopic", chat_id=group, name="x")
    assert refusal == (400, "Bad Request: not enough rights to create a topic")


def test_rights_are_taken_and_given_and_told(world, group):
    rights = {"can_manage_topics": False}
    world.control("telegram/rights", bot=BOT, chat_id=group, rights=rights)
    old, new = last_change(world)
    assert (old["can_manage_topics"], new["can_manage_topics"]) == (True, False)
    assert new["can_pin_messages"] is True
    assert world.refusal("createForumTopic", chat_id=group, name="x")[0] == 400
    told = len(updates(world, "my_chat_member"))
    world.control("telegram/rights", bot=BOT, chat_id=group, rights=rights)
    assert len(updates(world, "my_chat_member")) == told
    world.control("telegram/rights", bot=BOT, chat_id=group)
    assert last_change(world)[1]["can_manage_topics"] is True
    world.topic(group)


def test_rights_can_be_named_as_a_list(world, group):
    world.control("telegram/rights", bot=BOT, chat_id=group, rights=["can_pin_messages"])
    member = world.result("getChatMember", chat_id=group, user_id=BOT_ID)
    assert (member["can_pin_messages"], member["can_delete_messages"]) == (True, False)


def test_a_plain_member_writes_and_hears_but_manages_nothing(world, group):
    world.control("telegram/rights", bot=BOT, chat_id=group, status="member")
    assert last_change(world)[1]["status"] == "member"
    sent = world.result("sendMessage", chat_id=group, text="x")["message_id"]
    refusal = world.refusal("pinChatMessage", chat_id=group, message_id=sent)
    text = "Bad Request: not enough rights to manage pinned messages in the chat"
    assert refusal == (400, text)
    theirs = say(world, group, text="heard")
    assert updates(world)[-1]["text"] == "heard"
    refusal = world.refusal("deleteMessage", chat_id=group, message_id=theirs)
    assert refusal == (400, "Bad Request: message can't be deleted")
    assert world.result("deleteMessage", chat_id=group, message_id=sent) is True


@pytest.mark.parametrize(
    ("method", "form", "title"),
    [
        ("sendMessage", {"text": "x"}, "text messages"),
        ("sendLocation", PLACE, "locations"),
        ("sendVenue", {**PLACE, "title": "x", "address": "x"}, "venues"),
        ("sendContact", {"phone_number": "1", "first_name": "x"}, "contacts"),
    ],
)
def test_a_restricted_bot_may_not_write(world, group, method, form, title):
    world.control("telegram/rights", bot=BOT, chat_id=group, status="restricted")
    text = f"Bad Request: not enough rights to send {title} to the chat"
    assert world.refusal(method, chat_id=group, **form) == (400, text)
    assert world.chat(group)["messages"] == []


@pytest.mark.parametrize(
    ("method", "field", "sample", "title"),
    [
        ("sendPhoto", "photo", "photo.jpg", "photos"),
        ("sendVoice", "voice", "voice.ogg", "voice notes"),
        ("sendAudio", "audio", "audio.mp3", "music"),
        ("sendDocument", "document", "document.pdf", "documents"),
        ("sendVideo", "video", "video.mp4", "videos"),
        ("sendVideoNote", "video_note", "video_note.mp4", "video notes"),
        ("sendAnimation", "animation", "animation.mp4", "animations"),
        ("sendSticker", "sticker", "sticker.webp", "stickers"),
    ],
)
def test_a_restricted_bot_may_not_send_files(world, group, method, field, sample, title):
    world.control("telegram/rights", bot=BOT, chat_id=group, status="restricted")
    url = f"{world.url}/telegram/bot{BOT}/{method}"
    files = {field: read_sample(sample)}
    response = world.http.post(url, data={"chat_id": str(group)}, files=files, timeout=5)
    text = f"Bad Request: not enough rights to send {title} to the chat"
    assert (response.status_code, response.json()["description"]) == (400, text)
    assert world.chat(group)["messages"] == []


def test_a_restricted_bot_sends_what_it_is_left(world, group):
    rights = {"can_send_messages": True}
    world.control("telegram/rights", bot=BOT, chat_id=group, status="restricted", rights=rights)
    world.result("sendMessage", chat_id=group, text="x")
    _, new = last_change(world)
    assert (new["status"], new["can_send_messages"]) == ("restricted", True)
    assert (new["can_send_photos"], new["is_member"], new["until_date"]) == (False, True, 0)
    code, text = world.refusal(
        "copyMessage", chat_id=group, from_chat_id=group, message_id=voice(world, group)
    )
    assert (code, text) == (400, "Bad Request: not enough rights to send voice notes to the chat")


def voice(world, group):
    body = {"bot": BOT, "chat_id": group, "user": 500, "voice": "sample"}
    return world.control("telegram/say", **body)["message_id"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("rights", {"rights": {"can_fly": True}}),
        ("rights", {"rights": {"can_send_photos": True}}),
        ("rights", {"status": "restricted", "rights": {"can_post_stories": True}}),
        ("rights", {"status": "creator"}),
        ("return", {"rights": "all"}),
    ],
)
def test_unknown_rights_are_refused(world, group, path, body):
    told = len(updates(world, "my_chat_member"))
    world.control(f"telegram/{path}", bot=BOT, chat_id=group, **body, expect=400)
    assert len(updates(world, "my_chat_member")) == told


def test_a_bot_that_was_never_there_has_no_place_to_change(world, group):
    world.control("telegram/bots", token="333444:another-token")
    for path in ("kick", "return", "rights"):
        body = {"bot": "333444:another-token", "chat_id": group}
        world.control(f"telegram/{path}", **body, expect=409)


@pytest.mark.parametrize(
    ("method", "more", "action"),
    [
        ("closeForumTopic", {}, "close or open the topic"),
        ("reopenForumTopic", {}, "close or open the topic"),
        ("editForumTopic", {"name": "x"}, "edit the topic"),
    ],
)
def test_only_its_own_topics_are_a_bots_without_the_right(world, group, method, more, action):
    own = world.topic(group)
    theirs = world.control("telegram/create_topic", chat_id=group, name="Theirs")["thread_id"]
    if method == "reopenForumTopic":
        world.result("closeForumTopic", chat_id=group, message_thread_id=own)
    world.control("telegram/rights", bot=BOT, chat_id=group, rights={"can_manage_topics": False})
    refusal = world.refusal(method, chat_id=group, message_thread_id=theirs, **more)
    assert refusal == (400, f"Bad Request: not enough rights to {action}")
    assert world.result(method, chat_id=group, message_thread_id=own, **more) is True


def test_people_make_rename_close_and_open_topics(world, group):
    thread = world.control("telegram/create_topic", chat_id=group, name="Theirs")["thread_id"]
    target = {"chat_id": group, "thread_id": thread}
    world.control("telegram/rename_topic", **target, name="Ours")
    world.control("telegram/rename_topic", **target, name="Ours")
    for path in ("close_topic", "close_topic", "reopen_topic"):
        world.control(f"telegram/{path}", **target)
    notes = [name for m in updates(world) for name in m if name.startswith("forum_topic_")]
    assert notes == [
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_closed",
        "forum_topic_reopened",
    ]
    assert updates(world)[1]["forum_topic_edited"] == {"name": "Ours"}
    assert {m["message_thread_id"] for m in updates(world)} == {thread}
    topic = world.chat(group)["topics"][0]
    assert (topic["name"], topic["closed"]) == ("Ours", False)
    world.result("sendMessage", chat_id=group, message_thread_id=thread, text="x")


def test_topics_are_made_in_forums_and_have_names(world, group):
    plain = world.group(is_forum=False)
    world.control("telegram/create_topic", chat_id=plain, name="x", expect=409)
    thread = world.topic(group)
    for name in ("", "x" * 129):
        body = {"chat_id": group, "thread_id": thread, "name": name}
        world.control("telegram/rename_topic", **body, expect=400)
    body = {"chat_id": group, "thread_id": 999, "name": "x"}
    world.control("telegram/rename_topic", **body, expect=404)
    assert world.chat(group)["topics"][0]["name"] == "Anna"


def test_a_bot_hears_the_service_messages_that_it_causes(world, group):
    topic = {"chat_id": group, "message_thread_id": world.topic(group)}
    card = world.result("sendMessage", **topic, text="card")["message_id"]
    world.result("pinChatMessage", chat_id=group, message_id=card)
    world.result("editForumTopic", **topic, name="Olga")
    world.result("closeForumTopic", **topic)
    heard = updates(world)
    assert {message["from"]["id"] for message in heard} == {BOT_ID}
    assert "text" not in heard[0]
    assert [
        message["pinned_message"]["text"] for message in heard if "pinned_message" in message
    ] == ["card"]
    names = [name for m in heard for name in m if name.startswith("forum_topic_")]
    assert names == ["forum_topic_created", "forum_topic_edited", "forum_topic_closed"]


def test_nobody_hears_the_service_messages_of_another_bot(world, group):
    other = "333444:another-token"
    world.control("telegram/bots", token=other)
    world.group(chat_id=group, bots=[other])
    world.topic(group)
    kinds = {kind for u in world.result("getUpdates", token=other) for kind in u}
    assert kinds == {"update_id", "my_chat_member"}


def test_a_message_can_be_deleted_for_two_days(world, group):
    own = world.result("sendMessage", chat_id=group, text="x")["message_id"]
    theirs = say(world, group)
    young = world.result("sendMessage", chat_id=group, text="x")["message_id"]
    for message_id, seconds in ((own, HOURS_48), (theirs, HOURS_48), (young, HOURS_48 - 60)):
        target = {"chat_id": group, "message_id": message_id}
        world.control("telegram/age", **target, seconds=seconds)
    for message_id in (own, theirs):
        refusal = world.refusal("deleteMessage", chat_id=group, message_id=message_id)
        assert refusal == (400, "Bad Request: message can't be deleted")
    code, _ = world.refusal("deleteMessages", chat_id=group, message_ids=[young, own])
    assert code == 400
    assert [m.get("deleted") for m in world.chat(group)["messages"]] == [None, None, None]
    assert world.result("deleteMessages", chat_id=group, message_ids=[young, 999]) is True
    assert [m.get("deleted") for m in world.chat(group)["messages"]] == [None, None, True]


def test_the_beginning_of_a_topic_cannot_be_deleted(world, group):
    thread = world.topic(group)
    for message_id in (1, thread):
        refusal = world.refusal("deleteMessage", chat_id=group, message_id=message_id)
        assert refusal == (400, "Bad Request: message can't be deleted")


def test_a_basic_group_moves_with_its_bot_and_its_rights(world):
    old = world.group(type="group", is_forum=False, rights={"can_pin_messages": False})
    assert old > -1_000_000_000_000
    new = world.control("telegram/migrate", chat_id=old)["chat_id"]
    assert new < -1_000_000_000_000
    member = world.result("getChatMember", chat_id=new, user_id=BOT_ID)
    assert (member["status"], member["can_pin_messages"]) == ("administrator", False)
    for method, more in (
        ("sendVoice", {"voice": "any"}),
        ("sendLocation", PLACE),
        ("setMessageReaction", {"message_id": 1}),
    ):
        response = world.telegram(method, chat_id=old, **more)
        assert response.status_code == 400
        assert response.json()["parameters"] == {"migrate_to_chat_id": new}
    world.control("telegram/migrate", chat_id=old, expect=409)


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("sendVoice", {"voice": "x"}),
        ("sendDocument", {"document": "x"}),
        ("sendLocation", PLACE),
        ("sendMediaGroup", {"media": [{"type": "photo", "media": "x"}] * 2}),
        ("copyMessage", {"from_chat_id": 500, "message_id": 1}),
        ("sendChatAction", {"action": "typing"}),
    ],
)
def test_a_closed_or_lost_topic_takes_no_kind_of_message(world, group, method, more):
    topic = {"chat_id": group, "message_thread_id": world.topic(group)}
    world.result("closeForumTopic", **topic)
    assert world.refusal(method, **topic, **more) == (400, "Bad Request: TOPIC_CLOSED")
    world.result("deleteForumTopic", **topic)
    refusal = world.refusal(method, **topic, **more)
    assert refusal == (400, "Bad Request: message thread not found")
    assert world.chat(group)["messages"] == []


def test_reactions_weigh_on_the_bot_and_on_no_group(start):
    world = World(start(TELEGRAM_BOT_PER_SECOND="25").wait_ready().url)
    world.control("telegram/bots", token=BOT)
    group = world.group()
    said = world.control("telegram/say", chat_id=group, user=500, text="x")["message_id"]
    target = {"chat_id": group, "message_id": said}
    answers = [world.telegram("setMessageReaction", **target) for _ in range(120)]
    accepted = [answer.status_code for answer in answers].count(200)
    # More than the twenty a minute of a group; not all, as a bot has twenty-five a second.
    assert 25 <= accepted < 120
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["parameters"] == {"retry_after": 1}
