"""Sending, editing and deleting, with the refusals of the original."""

import pytest

from .conftest import BOT


@pytest.fixture
def private(world):
    world.control("telegram/say", bot=BOT, chat_id=500, user=500, text="/start")
    return 500


def test_get_me_names_the_bot(world):
    me = world.result("getMe")
    assert (me["id"], me["is_bot"], me["username"]) == (111222, True, "tests_bot")


def test_parameters_come_by_query_form_multipart_and_json(world, private):
    url = f"{world.url}/telegram/bot{BOT}/sendMessage"
    params = {"chat_id": "500", "text": "hello"}
    sent = [
        world.http.get(url, params=params, timeout=5),
        world.http.post(url, data=params, timeout=5),
        world.http.post(url, files={k: (None, v) for k, v in params.items()}, timeout=5),
        world.http.post(url, json=params, timeout=5),
    ]
    assert [r.json()["result"]["text"] for r in sent] == ["hello"] * 4
    ids = [r.json()["result"]["message_id"] for r in sent]
    assert ids == list(range(ids[0], ids[0] + 4))


def test_methods_are_found_without_regard_to_case(world):
    assert world.telegram("GETME").status_code == 200


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"text": "x"}, "chat_id is empty"),
        ({"chat_id": 500}, "message text is empty"),
        ({"chat_id": 500, "text": "   "}, "message text is empty"),
        ({"chat_id": 500, "text": "x" * 4097}, "message is too long"),
        ({"chat_id": 500, "text": 5}, 'can\'t parse parameter "text": String expected'),
        ({"chat_id": 500, "text": "x", "colour": "red"}, 'unknown parameter "colour"'),
        (
            {"chat_id": 500, "text": "x", "protect_content": "maybe"},
            'can\'t parse parameter "protect_content": Boolean expected',
        ),
        (
            {"chat_id": 500, "text": "x", "message_thread_id": "one"},
            'can\'t parse parameter "message_thread_id": Integer expected',
        ),
        (
            {"chat_id": 500, "text": "x", "reply_parameters": "[1]"},
            'can\'t parse parameter "reply_parameters": ReplyParameters expected',
        ),
        (
            {"chat_id": 500, "text": "x", "reply_parameters": {"message_id": 999}},
            "message to be replied not found",
        ),
        ({"chat_id": 500, "text": "x", "parse_mode": "BBCode"}, "unsupported parse_mode"),
        (
            {"chat_id": 500, "text": "<b>x", "parse_mode": "HTML"},
            "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        (
            {"chat_id": 500, "text": "<div>x</div>", "parse_mode": "HTML"},
            'can\'t parse entities: Unsupported start tag "div" at byte offset 0',
        ),
        (
            {
                "chat_id": 500,
                "text": "x",
                "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "x" * 65}]]},
            },
            "BUTTON_DATA_INVALID",
        ),
        (
            {"chat_id": 500, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a"}]]}},
            "text buttons are unallowed in the inline keyboard",
        ),
        ({"chat_id": 404, "text": "x"}, "chat not found"),
        ({"chat_id": "@nobody", "text": "x"}, "chat not found"),
    ],
)
def test_a_wrong_message_is_refused_and_leaves_nothing(world, private, params, text):
    before = world.chat(private)["last_message_id"]
    assert world.refusal("sendMessage", **params) == (400, f"Bad Request: {text}")
    assert world.chat(private)["last_message_id"] == before


def test_text_of_the_full_length_passes(world, private):
    assert len(world.result("sendMessage", chat_id=private, text="ю" * 4096)["text"]) == 4096


def test_unknown_tokens_and_methods_are_refused(world):
    assert world.refusal("getMe", token="1:none") == (401, "Unauthorized")
    assert world.refusal("getEverything") == (404, "Not Found: method not found")


def test_a_body_that_is_no_object_is_refused(world):
    url = f"{world.url}/telegram/bot{BOT}/sendMessage"
    headers = {"Content-Type": "application/json"}
    for content in (b"[1]", b"{", b"\xff", b"[" * 100_000):
        response = world.http.post(url, data=content, headers=headers, timeout=5)
        assert response.status_code == 400


def test_html_becomes_entities_counted_in_utf16(world, private):
    sent = world.result(
        "sendMessage",
        chat_id=private,
        parse_mode="HTML",
        text='😀 <b>bold &amp; <i>both</i></b> <a href="https://x.test/?a=1&amp;b=2">link</a>',
    )
    assert sent["text"] == "😀 bold & both link"
    assert sent["entities"] == [
        {"type": "bold", "offset": 3, "length": 11},
        {"type": "italic", "offset": 10, "length": 4},
        {"type": "text_link", "offset": 15, "length": 4, "url": "https://x.test/?a=1&b=2"},
    ]


def test_nobody_can_be_written_to_before_it_wrote(world):
    code, text = world.refusal("sendMessage", chat_id=500, text="x")
    assert (code, text) == (403, "Forbidden: bot can't initiate conversation with a user")


def test_a_photo_by_address_keeps_its_caption_and_can_be_fetched(world, private):
    url = f"{world.url}/avito/static/images/sample/140x105"
    sent = world.result(
        "sendPhoto", chat_id=private, photo=url, caption="<b>Sofa</b>", parse_mode="HTML"
    )
    assert sent["caption"] == "Sofa"
    assert sent["caption_entities"] == [{"type": "bold", "offset": 0, "length": 4}]
    file = world.result("getFile", file_id=sent["photo"][-1]["file_id"])
    content = world.http.get(
        f"{world.url}/telegram/file/bot{BOT}/{file['file_path']}", timeout=5
    ).content
    assert content == world.http.get(url, timeout=5).content
    again = world.result("sendPhoto", chat_id=private, photo=file["file_id"])
    assert again["photo"][-1]["file_id"] == file["file_id"]


def test_a_photo_can_be_uploaded(world, private):
    picture = world.http.get(f"{world.url}/avito/static/images/sample/32x32", timeout=5).content
    url = f"{world.url}/telegram/bot{BOT}/sendPhoto"
    for field, more in (("part", {"photo": "attach://part"}), ("photo", {})):
        files = {field: ("sofa.jpg", picture, "image/jpeg")}
        sent = world.http.post(url, data={"chat_id": "500", **more}, files=files, timeout=5)
        assert sent.json()["result"]["photo"][-1]["file_size"] == len(picture)
    assert world.calls("telegram.sendPhoto")[-1]["params"]["photo"]["file_name"] == "sofa.jpg"


@pytest.mark.parametrize(
    ("photo", "text"),
    [
        ("{url}/nothing/there.jpg", "failed to get HTTP URL content"),
        ("https://example.com/photo.jpg", "failed to get HTTP URL content"),
        ("{url}/health", "wrong type of the web page content"),
        ("no-such-file", "wrong remote file identifier specified: Wrong string length"),
    ],
)
def test_a_photo_that_cannot_be_had_is_refused(world, private, photo, text):
    source = photo.format(url=world.url)
    refusal = world.refusal("sendPhoto", chat_id=private, photo=source)
    assert refusal == (400, f"Bad Request: {text}")


def test_a_caption_has_its_own_length(world, private):
    url = f"{world.url}/avito/static/images/sample/32x32"
    code, text = world.refusal("sendPhoto", chat_id=private, photo=url, caption="x" * 1025)
    assert (code, text) == (400, "Bad Request: message caption is too long")


def test_own_messages_are_edited_once(world, private):
    sent = world.result("sendMessage", chat_id=private, text="one")["message_id"]
    edit = {"chat_id": private, "message_id": sent, "text": "two"}
    assert world.result("editMessageText", **edit)["text"] == "two"
    code, text = world.refusal("editMessageText", **edit)
    assert code == 400
    assert text.startswith("Bad Request: message is not modified")
    shown = world.chat(private)["messages"][-1]
    assert (shown["text"], shown["edited"]) == ("two", True)


def test_only_own_messages_are_edited(world, private):
    theirs = world.chat(private)["messages"][0]["message_id"]
    for message_id, text in (
        (theirs, "message can't be edited"),
        (99, "message to edit not found"),
    ):
        edit = {"chat_id": private, "message_id": message_id, "text": "x"}
        assert world.refusal("editMessageText", **edit) == (400, f"Bad Request: {text}")


def test_a_deleted_message_is_gone(world, private):
    sent = world.result("sendMessage", chat_id=private, text="one")["message_id"]
    target = {"chat_id": private, "message_id": sent}
    assert world.result("deleteMessage", **target) is True
    assert world.chat(private)["messages"][-1]["deleted"] is True
    refusal = world.refusal("deleteMessage", **target)
    assert refusal == (400, "Bad Request: message to delete not found")


def test_reactions_are_checked_and_shown(world, private):
    target = {"chat_id": private, "message_id": 1}
    heart = [{"type": "emoji", "emoji": "❤️"}]
    assert world.result("setMessageReaction", **target, reaction=heart) is True
    assert world.chat(private)["messages"][0]["reactions"] == ["❤"]
    wrong = [{"type": "emoji", "emoji": "🪿"}]
    refusal = world.refusal("setMessageReaction", **target, reaction=wrong)
    assert refusal == (400, "Bad Request: REACTION_INVALID")


def test_two_bots_do_not_see_each_others_private_chats(world, private):
    other = "333444:another-token"
    world.control("telegram/bots", token=other, username="other_bot")
    world.control("telegram/say", bot=other, chat_id=500, user=500, text="/start")
    mine = world.result("sendMessage", chat_id=private, text="mine")["message_id"]
    edit = {"chat_id": 500, "message_id": mine, "text": "theirs"}
    assert world.refusal("editMessageText", token=other, **edit)[0] == 400
    shown = world.chat(500, bot=other)["messages"]
    assert [message["text"] for message in shown] == ["/start"]


def test_what_a_bot_says_of_itself_is_kept(world):
    commands = [{"command": "start", "description": "Begin"}]
    assert world.result("setMyCommands", commands=commands) is True
    assert world.result("getMyCommands") == commands
    assert world.result("getMyCommands", language_code="ru") == []
    wrong = [{"command": "No Spaces", "description": "x"}]
    refusal = world.refusal("setMyCommands", commands=wrong)
    assert refusal == (400, "Bad Request: BOT_COMMAND_INVALID")
    world.result("setMyName", name="Депеша")
    assert world.result("getMyName") == {"name": "Депеша"}
