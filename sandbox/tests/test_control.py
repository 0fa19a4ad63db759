"""Control calls: validation, journal, state, and calls that a second start repeats."""

import time

import pytest

from .conftest import BOT


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {}),
        ("faults", {"on": "telegram.getMe", "do": "explode"}),
        ("faults", {"on": "nowhere.x", "do": "drop"}),
        ("faults", {"on": "telegram.getMe", "do": "duplicate"}),
        ("faults", {"on": "telegram.getMe", "do": "status"}),
        ("faults", {"on": "telegram.getMe", "do": "status", "status": 200}),
        ("faults", {"on": "telegram.getMe", "do": "drop", "rate": 2}),
        ("faults", {"on": "telegram.getMe", "do": "drop", "times": 0}),
        ("faults", {"on": "telegram.getMe", "do": "drop", "where": []}),
        ("faults", {"on": ["telegram"], "do": {"a": 1}}),
        ("reset", {"really": True}),
        ("telegram/bots", {}),
        ("telegram/bots", {"token": "no-colon"}),
        ("telegram/bots", {"token": "1111:abc", "username": "a b"}),
        ("telegram/users", {"id": "x"}),
        ("telegram/users", {"id": -5}),
        ("telegram/groups", {"title": "x", "bots": "all"}),
        ("telegram/groups", {"title": "x", "chat_id": 5}),
        ("telegram/groups", {"title": "x", "bots": [BOT], "rights": {"can_fly": True}}),
        ("telegram/groups", {"bots": [BOT]}),
        ("telegram/say", {"bot": BOT, "chat_id": 500, "user": 500}),
        ("telegram/say", {"bot": BOT, "chat_id": 500, "user": 501, "text": "x"}),
        ("telegram/say", {"bot": BOT, "chat_id": 500, "user": 500, "text": "x" * 4097}),
        ("telegram/say", {"bot": BOT, "chat_id": 500, "user": 500, "photo": "none"}),
        ("telegram/say", {"bot": BOT, "chat_id": 500, "user": {"name": 1}, "text": "x"}),
        ("telegram/say", {"bot": BOT, "chat_id": 500, "user": 500, "text": "x", "mood": "good"}),
        (
            "telegram/say",
            {"bot": BOT, "chat_id": 500, "user": 500, "photo": {"base64": "!", "name": "x"}},
        ),
        ("telegram/init_data", {"bot": BOT}),
        ("avito/accounts", {"client_id": "x"}),
        ("avito/accounts", {"client_id": 1, "client_secret": "x"}),
        ("avito/webhooks", {"deliver": "yes"}),
        ("avito/say", {"text": "x"}),
    ],
)
def test_rubbish_is_refused_with_a_reason(world, path, body):
    answer = world.control(path, **body, expect=400)
    assert list(answer) == ["error"]
    assert isinstance(answer["error"], str)


@pytest.mark.parametrize(
    "content", [b"[]", b"{", b'"text"', b"\xff\xfe", b"[" * 50_000, b'{"id": 1e999}', b"null"]
)
def test_bodies_that_are_no_objects_are_refused(world, content):
    url = f"{world.url}/control/telegram/users"
    response = world.http.post(url, data=content, timeout=5)
    assert response.status_code == 400
    assert response.json()["error"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("telegram/say", {"bot": "1:unknown", "chat_id": 500, "user": 500, "text": "x"}),
        ("telegram/say", {"bot": BOT, "chat_id": -5, "user": 500, "text": "x"}),
        ("telegram/kick", {"bot": BOT, "chat_id": -5}),
        ("telegram/close_topic", {"chat_id": -5, "thread_id": 1}),
        ("telegram/react", {"bot": BOT, "chat_id": 500, "message_id": 9, "user": 500}),
        ("avito/say", {"chat_id": "u2i-none", "text": "x"}),
        ("avito/chats", {"user_id": 5}),
        ("nothing", {}),
    ],
)
def test_what_is_not_there_is_not_found(world, path, body):
    assert world.control(path, **body, expect=404)["error"]


def test_views_refuse_rubbish(world):
    for path, status in (
        ("calls?after=x", 400),
        ("state?after=-1", 400),
        ("telegram/chats/abc", 400),
        ("telegram/chats/-5", 404),
        ("avito/chats/none", 404),
        ("telegram/files/none", 404),
    ):
        response = world.http.get(f"{world.url}/control/{path}", timeout=5)
        assert (response.status_code, list(response.json())) == (status, ["error"])


def test_a_second_start_finds_what_the_first_made(world):
    again = world.control("telegram/bots", token=BOT, username="other_name")
    assert again == {"id": 111222, "token": BOT, "username": "tests_bot"}
    group = world.group(chat_id=-1001234567890)
    assert (group, world.group(chat_id=group)) == (-1001234567890, group)
    client = {"client_id": "c", "client_secret": "s"}
    first = world.control("avito/accounts", **client)
    assert world.control("avito/accounts", **client) == first
    chat = {"user_id": first["user_id"], "chat_id": "u2i-a~b"}
    assert world.control("avito/chats", **chat) == world.control("avito/chats", **chat)
    state = world.look("state")
    assert len(state["telegram"]["bots"]) == 1
    assert len([c for c in state["telegram"]["chats"] if c["type"] == "supergroup"]) == 1
    assert (len(state["avito"]["accounts"]), len(state["avito"]["chats"])) == (1, 1)


def test_two_bots_cannot_have_one_id(world):
    world.control("telegram/bots", token="111222:another", username="x_bot", expect=409)


def test_the_state_holds_everything(world, site):
    world.result("setWebhook", url=site.url)
    world.fault("telegram.getMe", "drop", times=3)
    state = world.look("state")
    assert set(state) >= {"telegram", "avito", "xui", "yookassa", "mail", "faults"}
    (bot,) = state["telegram"]["bots"]
    assert (bot["token"], bot["username"], bot["webhook"]) == (BOT, "tests_bot", site.url)
    assert state["telegram"]["users"][0]["first_name"] == "Ivan"
    assert state["faults"][0]["times"] == 3


def test_an_unchanged_state_is_short(world):
    state = world.look("state")
    assert set(world.look("state", after=state["revision"])) == {"revision", "last_seq"}
    world.control("telegram/users", id=501)
    assert "telegram" in world.look("state", after=state["revision"])


def test_the_journal_is_in_order_and_filtered(world):
    before = time.time()
    world.telegram("getMe")
    world.telegram("getChat", chat_id=1)
    world.telegram("getMe", token="1:none")
    calls = world.calls()
    assert [c["on"] for c in calls] == ["telegram.getMe", "telegram.getChat", "telegram.getMe"]
    assert [c["status"] for c in calls] == [200, 400, 401]
    assert [c["seq"] for c in calls] == sorted(c["seq"] for c in calls)
    assert all(before <= c["at"] <= time.time() for c in calls)
    assert calls[0]["account"] == BOT
    assert set(calls[0]) == {"seq", "at", "on", "account", "params", "status"}
    assert calls[1]["params"] == {"chat_id": 1}
    assert world.calls("telegram.get*", after=calls[0]["seq"]) == calls[1:]
    assert world.calls("telegram.getMe", limit=1) == calls[2:]
    assert world.calls("avito.*") == []


def test_reset_empties_the_world_and_goes_on_counting(world):
    world.telegram("getMe")
    seq = world.calls()[-1]["seq"]
    world.fault("telegram.*", "drop")
    world.control("reset")
    state = world.look("state")
    assert state["telegram"] == {"bots": [], "chats": [], "users": []}
    assert (state["avito"]["accounts"], state["faults"], world.calls()) == ([], [], [])
    world.telegram("getMe")
    assert world.calls()[0]["seq"] > seq
