"""What people do in Telegram, by control calls."""

import hashlib
import hmac
import json
from urllib.parse import parse_qsl

import pytest

from .conftest import BOT


@pytest.fixture
def group(world):
    return world.group()


def updates(world):
    return world.result("getUpdates")


def test_a_blocked_bot_cannot_write(world):
    world.control("telegram/say", bot=BOT, chat_id=500, user=500, text="/start")
    world.control("telegram/block", bot=BOT, user=500)
    refusal = world.refusal("sendMessage", chat_id=500, text="x")
    assert refusal == (403, "Forbidden: bot was blocked by the user")
    change = updates(world)[-1]["my_chat_member"]
    assert change["new_chat_member"]["status"] == "kicked"
    world.control("telegram/unblock", bot=BOT, user=500)
    world.result("sendMessage", chat_id=500, text="x")


def test_a_kicked_bot_is_out_until_it_is_let_in_again(world, group):
    world.control("telegram/kick", bot=BOT, chat_id=group)
    refusal = world.refusal("sendMessage", chat_id=group, text="x")
    assert refusal == (403, "Forbidden: bot was kicked from the supergroup chat")
    assert updates(world)[-1]["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    assert world.group(chat_id=group) == group
    world.result("sendMessage", chat_id=group, text="x")


def test_a_bot_that_left_is_no_member(world, group):
    assert world.result("leaveChat", chat_id=group) is True
    refusal = world.refusal("sendMessage", chat_id=group, text="x")
    assert refusal == (403, "Forbidden: bot is not a member of the supergroup chat")


def test_a_button_is_pressed_and_answered_once(world, group):
    keyboard = {"inline_keyboard": [[{"text": "Take", "callback_data": "take:1"}]]}
    sent = world.result("sendMessage", chat_id=group, text="card", reply_markup=keyboard)
    target = {"bot": BOT, "chat_id": group, "message_id": sent["message_id"], "user": 500}
    world.control("telegram/press", **target, data="other", expect=400)
    query_id = world.control("telegram/press", **target, data="take:1")["callback_query_id"]
    query = updates(world)[-1]["callback_query"]
    assert (query["id"], query["data"]) == (query_id, "take:1")
    assert query["message"]["message_id"] == sent["message_id"]
    assert world.result("answerCallbackQuery", callback_query_id=query_id) is True
    assert world.refusal("answerCallbackQuery", callback_query_id=query_id)[0] == 400


def test_closing_a_topic_is_told_and_deleting_is_not(world, group):
    thread = world.topic(group)
    before = len(updates(world))
    world.control("telegram/close_topic", chat_id=group, thread_id=thread, user=500)
    closed = updates(world)[before:]
    assert [u["message"]["forum_topic_closed"] for u in closed] == [{}]
    world.control("telegram/delete_topic", chat_id=group, thread_id=thread)
    assert len(updates(world)) == before + 1
    refusal = world.refusal("sendMessage", chat_id=group, text="x", message_thread_id=thread)
    assert refusal == (400, "Bad Request: message thread not found")


def test_a_migrated_group_names_its_new_id(world):
    old = world.group(type="group", is_forum=False)
    new = world.control("telegram/migrate", chat_id=old)["chat_id"]
    response = world.telegram("sendMessage", chat_id=old, text="x")
    assert response.status_code == 400
    assert response.json()["parameters"] == {"migrate_to_chat_id": new}
    world.result("sendMessage", chat_id=new, text="x")
    notes = [u["message"] for u in updates(world) if "message" in u]
    assert notes[-2]["migrate_to_chat_id"] == new
    assert notes[-1]["migrate_from_chat_id"] == old


def test_a_message_in_a_topic_answers_its_beginning(world, group):
    thread = world.topic(group)
    first = world.control(
        "telegram/say", bot=BOT, chat_id=group, user=500, thread_id=thread, text="one"
    )["message_id"]
    world.control(
        "telegram/say",
        bot=BOT,
        chat_id=group,
        user=500,
        thread_id=thread,
        text="two",
        reply_to=first,
    )
    one, two = (u["message"] for u in updates(world)[-2:])
    assert "forum_topic_created" in one["reply_to_message"]
    assert one["is_topic_message"] is True
    assert two["reply_to_message"]["text"] == "one"
    assert "reply_to_message" not in two["reply_to_message"]


def test_an_edit_is_an_update_of_its_own(world):
    body = {"bot": BOT, "chat_id": 500, "user": 500}
    sent = world.control("telegram/say", **body, text="one")["message_id"]
    world.control("telegram/say", **body, text="two", edits=sent)
    edited = updates(world)[-1]["edited_message"]
    assert (edited["message_id"], edited["text"]) == (sent, "two")
    assert edited["edit_date"] >= edited["date"]


def test_people_send_photos_and_contacts(world):
    body = {"bot": BOT, "chat_id": 500, "user": 500}
    world.control("telegram/say", **body, photo="sample", text="look")
    contact = {"phone_number": "+79000000000", "first_name": "Ivan"}
    world.control("telegram/say", **body, contact=contact)
    photo, shared = (u["message"] for u in updates(world))
    assert photo["caption"] == "look"
    assert world.result("getFile", file_id=photo["photo"][0]["file_id"])["file_size"] > 1000
    assert shared["contact"] == contact


def test_a_new_group_is_told_to_its_bot(world):
    group = world.group()
    change = updates(world)[0]["my_chat_member"]
    assert change["chat"]["id"] == group
    assert change["old_chat_member"]["status"] == "left"
    assert change["new_chat_member"]["status"] == "administrator"


def test_init_data_is_signed_as_telegram_signs(world):
    data = world.control(
        "telegram/init_data", bot=BOT, user=500, start_param="a b", auth_date=1700000000
    )["init_data"]
    fields = dict(parse_qsl(data, strict_parsing=True))
    given = fields.pop("hash")
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.digest(b"WebAppData", BOT.encode(), "sha256")
    assert given == hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()
    assert json.loads(fields["user"])["id"] == 500
    assert (fields["start_param"], fields["auth_date"]) == ("a b", "1700000000")
    assert len(fields["signature"]) == 86


def test_widget_data_is_signed_with_its_own_key(world):
    fields = world.control("telegram/widget", bot="tests_bot", user=500)["widget"]
    given = fields.pop("hash")
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hashlib.sha256(BOT.encode()).digest()
    assert given == hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()
    assert (fields["id"], fields["first_name"]) == (500, "Ivan")
