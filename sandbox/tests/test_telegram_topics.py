"""Forum topics and rights in groups."""

import pytest

from .conftest import BOT


@pytest.fixture
def group(world):
    return world.group()


def test_a_topic_is_its_first_message(world, group):
    topic = world.result("createForumTopic", chat_id=group, name="Anna", icon_color=7322096)
    assert topic["name"] == "Anna"
    sent = world.result(
        "sendMessage", chat_id=group, text="hi", message_thread_id=topic["message_thread_id"]
    )
    assert sent["message_thread_id"] == topic["message_thread_id"]
    assert sent["is_topic_message"] is True
    assert sent["message_id"] > topic["message_thread_id"] > 1
    assert sent["reply_to_message"]["forum_topic_created"]["name"] == "Anna"


def test_the_general_topic_has_no_thread(world, group):
    sent = world.result("sendMessage", chat_id=group, text="hi")
    assert "message_thread_id" not in sent
    assert "is_topic_message" not in sent
    refusal = world.refusal("sendMessage", chat_id=group, text="hi", message_thread_id=1)
    assert refusal == (400, "Bad Request: message thread not found")


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"name": "x" * 129}, "topic name is too long"),
        ({"name": "  "}, "topic name must be non-empty"),
        ({}, 'parameter "name" is required'),
        ({"name": "x", "icon_color": 1}, "wrong topic icon color specified"),
    ],
)
def test_a_wrong_topic_is_not_made(world, group, params, text):
    assert world.refusal("createForumTopic", chat_id=group, **params) == (
        400,
        f"Bad Request: {text}",
    )
    assert world.chat(group)["topics"] == []


def test_topic_names_are_taken_up_to_128_characters(world, group):
    world.topic(group, "я" * 128)
    assert len(world.chat(group)["topics"][0]["name"]) == 128


def test_a_plain_group_has_no_topics(world):
    plain = world.group(is_forum=False)
    refusal = world.refusal("createForumTopic", chat_id=plain, name="x")
    assert refusal == (400, "Bad Request: the chat is not a forum")
    refusal = world.refusal("sendMessage", chat_id=plain, text="x", message_thread_id=5)
    assert refusal == (400, "Bad Request: message thread not found")


def test_a_closed_topic_takes_nothing_until_it_is_opened(world, group):
    topic = {"chat_id": group, "message_thread_id": world.topic(group)}
    assert world.result("closeForumTopic", **topic) is True
    assert world.refusal("closeForumTopic", **topic) == (400, "Bad Request: TOPIC_NOT_MODIFIED")
    assert world.refusal("sendMessage", text="x", **topic) == (400, "Bad Request: TOPIC_CLOSED")
    assert world.chat(group)["topics"][0]["closed"] is True
    assert world.result("reopenForumTopic", **topic) is True
    world.result("sendMessage", text="x", **topic)


def test_a_deleted_topic_is_not_found(world, group):
    topic = {"chat_id": group, "message_thread_id": world.topic(group)}
    world.result("sendMessage", text="x", **topic)
    assert world.result("deleteForumTopic", **topic) is True
    refusal = world.refusal("sendMessage", **topic, text="x")
    assert refusal == (400, "Bad Request: message thread not found")
    for method in ("closeForumTopic", "editForumTopic", "deleteForumTopic"):
        assert world.refusal(method, **topic) == (400, "Bad Request: TOPIC_ID_INVALID")
    shown = world.chat(group)
    assert shown["topics"][0]["deleted"] is True
    assert [message["deleted"] for message in shown["messages"]] == [True]


def test_a_topic_gets_another_name_once(world, group):
    topic = {"chat_id": group, "message_thread_id": world.topic(group)}
    assert world.result("editForumTopic", **topic, name="Olga") is True
    refusal = world.refusal("editForumTopic", **topic, name="Olga")
    assert refusal == (400, "Bad Request: TOPIC_NOT_MODIFIED")
    assert world.chat(group)["topics"][0]["name"] == "Olga"


def test_pins_belong_to_their_topic(world, group):
    thread = world.topic(group)
    card = world.result("sendMessage", chat_id=group, text="card", message_thread_id=thread)
    target = {"chat_id": group, "message_id": card["message_id"]}
    assert world.result("pinChatMessage", **target) is True
    assert world.chat(group)["topics"][0]["pinned"] == [card["message_id"]]
    assert world.result("unpinChatMessage", **target) is True
    assert world.chat(group)["topics"][0]["pinned"] == []


@pytest.mark.parametrize(
    ("right", "method", "more", "action"),
    [
        ("can_manage_topics", "createForumTopic", {"name": "x"}, "create a topic"),
        (
            "can_pin_messages",
            "pinChatMessage",
            {"message_id": 1},
            "manage pinned messages in the chat",
        ),
        (
            "can_delete_messages",
            "deleteForumTopic",
            {"message_thread_id": 2},
            "delete the topic",
        ),
    ],
)
def test_rights_are_asked_for(world, right, method, more, action):
    group = world.group(rights={right: False})
    refusal = world.refusal(method, chat_id=group, **more)
    assert refusal == (400, f"Bad Request: not enough rights to {action}")
    member = world.result("getChatMember", chat_id=group, user_id=111222)
    assert (member["status"], member[right]) == ("administrator", False)


def test_a_stranger_bot_does_not_find_the_group(world, group):
    other = "333444:another-token"
    world.control("telegram/bots", token=other, username="other_bot")
    refusal = world.refusal("sendMessage", token=other, chat_id=group, text="x")
    assert refusal == (400, "Bad Request: chat not found")


def test_a_group_tells_what_it_is(world, group):
    chat = world.result("getChat", chat_id=group)
    assert (chat["type"], chat["title"], chat["is_forum"]) == ("supergroup", "Sales", True)
    admins = world.result("getChatAdministrators", chat_id=group)
    assert {admin["status"] for admin in admins} == {"creator", "administrator"}
    assert world.result("getChatMemberCount", chat_id=group) == 2


def test_control_leaves_service_messages_out(world, group):
    thread = world.topic(group)
    world.control("telegram/say", bot=BOT, chat_id=group, user=500, thread_id=thread, text="hello")
    shown = world.chat(group)["messages"]
    assert [(m["thread_id"], m["text"], m["from"]["id"]) for m in shown] == [(thread, "hello", 500)]


def test_control_tells_only_what_changed(world, group):
    world.result("sendMessage", chat_id=group, text="one")
    seen = world.chat(group)["revision"]
    first = world.result("sendMessage", chat_id=group, text="two")["message_id"]
    world.result("editMessageText", chat_id=group, message_id=first, text="three")
    changed = world.chat(group, after=seen)["messages"]
    assert [message["text"] for message in changed] == ["three"]
