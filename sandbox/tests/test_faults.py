"""Every fault by its effect."""

import time

import pytest
import requests

from .conftest import BOT


@pytest.fixture
def private(world):
    world.control("telegram/say", bot=BOT, chat_id=500, user=500, text="/start")
    return 500


def sent(world):
    return [m["text"] for m in world.chat(500)["messages"] if m["from"]["is_bot"]]


def send(world, text="x", **options):
    url = f"{world.url}/telegram/bot{BOT}/sendMessage"
    return requests.Session().post(url, json={"chat_id": 500, "text": text}, **options)


def test_drop_breaks_the_connection_and_applies_nothing(world, private):
    world.fault("telegram.sendMessage", "drop", times=1)
    with pytest.raises(requests.ConnectionError):
        send(world, timeout=5)
    assert sent(world) == []
    assert world.calls("telegram.sendMessage")[-1]["status"] == 0
    assert send(world, timeout=5).status_code == 200


def test_timeout_before_hangs_and_applies_nothing(world, private):
    world.fault("telegram.sendMessage", "timeout_before", times=1)
    with pytest.raises(requests.ReadTimeout):
        send(world, timeout=0.4)
    time.sleep(0.2)
    assert sent(world) == []


def test_timeout_after_applies_and_hangs(world, private):
    world.fault("telegram.sendMessage", "timeout_after", times=1)
    with pytest.raises(requests.ReadTimeout):
        send(world, timeout=0.4)
    assert sent(world) == ["x"]
    assert world.calls("telegram.sendMessage")[-1]["status"] == 200


def test_a_hanging_call_ends_after_its_seconds(world, private):
    world.fault("telegram.sendMessage", "timeout_before", times=1, seconds=0.5)
    started = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        send(world, timeout=5)
    assert 0.4 < time.monotonic() - started < 2


def test_slow_answers_late(world, private):
    world.fault("telegram.sendMessage", "slow", times=1, seconds=0.5)
    started = time.monotonic()
    assert send(world, timeout=5).status_code == 200
    assert time.monotonic() - started > 0.45


def test_status_answers_as_the_original_does(world, private):
    world.fault("telegram.sendMessage", "status", status=429, retry_after=7, times=1)
    limited = world.telegram("sendMessage", chat_id=500, text="x").json()
    assert limited["parameters"] == {"retry_after": 7}
    assert limited["description"] == "Too Many Requests: retry after 7"
    world.fault("telegram.sendMessage", "status", status=502, times=1)
    gateway = world.telegram("sendMessage", chat_id=500, text="x")
    assert (gateway.status_code, gateway.headers["Content-Type"]) == (
        502,
        "text/html; charset=utf-8",
    )
    world.fault("telegram.sendMessage", "status", status=500, times=1)
    inner = world.refusal("sendMessage", chat_id=500, text="x")
    assert inner == (500, "Internal Server Error")
    assert sent(world) == []
    assert [c["status"] for c in world.calls("telegram.sendMessage")] == [429, 502, 500]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("Bad Request: message thread not found", 400),
        ("Forbidden: bot was blocked by the user", 403),
        ("Unauthorized", 401),
        ("Conflict: terminated by other getUpdates request", 409),
    ],
)
def test_error_says_what_it_is_told_to(world, private, error, code):
    world.fault("telegram.sendMessage", "error", error=error, times=1)
    assert world.refusal("sendMessage", chat_id=500, text="x") == (code, error)


def test_where_strikes_only_what_fits(world, private):
    world.fault("telegram.*", "status", status=500, where={"chat_id": 501})
    assert world.telegram("sendMessage", chat_id=500, text="x").status_code == 200
    assert world.telegram("sendMessage", chat_id=501, text="x").status_code == 500
    assert world.telegram("getChat", chat_id="501").status_code == 500


def test_times_counts_down_and_delete_switches_off(world):
    world.fault("telegram.getMe", "status", status=500, times=2)
    assert [world.telegram("getMe").status_code for _ in range(3)] == [500, 500, 200]
    world.fault("telegram.*", "status", status=500)
    assert world.telegram("getMe").status_code == 500
    world.http.delete(f"{world.url}/control/faults", timeout=5)
    assert world.look("faults") == []
    assert world.telegram("getMe").status_code == 200


def test_rate_strikes_its_share(world):
    world.fault("telegram.getMe", "status", status=500, rate=0.5)
    statuses = [world.telegram("getMe").status_code for _ in range(200)]
    assert 60 < statuses.count(500) < 140


def test_avito_calls_are_faulted_by_either_name(world, seller):
    chat = seller.new_chat()
    world.fault("avito.postSendMessage", "status", status=503, times=1)
    refused = seller.send(chat)
    assert (refused.status_code, refused.json()) == (
        503,
        {"code": 503, "message": "Service Unavailable"},
    )
    world.fault("avito.sendMessage", "timeout_after", times=1, seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        seller.send(chat, "applied")
    assert [m["content"]["text"] for m in seller.messages(chat)] == ["applied"]
    world.fault("avito.*", "status", status=429, retry_after=3, times=1)
    assert seller.send(chat).headers["Retry-After"] == "3"


def test_an_avito_token_can_expire(world, seller):
    world.fault("avito.self", "error", error="token_expired", times=1)
    assert seller.call("GET", "/core/v1/accounts/self").status_code == 401
    assert seller.call("GET", "/core/v1/accounts/self").status_code == 401
    fresh = seller.issue_token().json()["access_token"]
    assert seller.call("GET", "/core/v1/accounts/self", token=fresh).status_code == 200


def test_an_update_is_delivered_twice(world, site):
    world.result("setWebhook", url=site.url)
    world.fault("telegram.webhook", "duplicate", times=1)
    for text in ("one", "two"):
        world.control("telegram/say", bot=BOT, chat_id=500, user=500, text=text)
    bodies = site.wait_for(3)
    assert [b["message"]["text"] for b in bodies] == ["one", "one", "two"]
    assert bodies[0]["update_id"] == bodies[1]["update_id"]


def test_an_update_is_overtaken(world, site):
    world.result("setWebhook", url=site.url)
    world.fault("telegram.webhook", "reorder", times=1)
    for text in ("one", "two", "three"):
        world.control("telegram/say", bot=BOT, chat_id=500, user=500, text=text)
    bodies = site.wait_for(3)
    assert [b["message"]["text"] for b in bodies] == ["two", "one", "three"]


def test_reorder_lets_a_lonely_update_go(world, site):
    world.result("setWebhook", url=site.url)
    world.fault("telegram.webhook", "reorder", times=1, seconds=0.2)
    world.control("telegram/say", bot=BOT, chat_id=500, user=500, text="one")
    assert len(site.wait_for(1)) == 1


@pytest.mark.parametrize("do", ["drop", "status"])
def test_a_delivery_that_is_not_made_is_tried_again(world, site, do):
    world.result("setWebhook", url=site.url)
    more = {"status": 502} if do == "status" else {}
    world.fault("telegram.webhook", do, times=1, **more)
    world.control("telegram/say", bot=BOT, chat_id=500, user=500, text="one")
    assert len(site.wait_for(1)) == 1
    assert world.result("getWebhookInfo")["last_error_message"] == f"fault: {do}"


def test_a_lost_answer_brings_the_update_again(world, site):
    world.result("setWebhook", url=site.url)
    world.fault("telegram.webhook", "timeout_after", times=1, seconds=0.1)
    world.control("telegram/say", bot=BOT, chat_id=500, user=500, text="one")
    first, second = site.wait_for(2)
    assert first == second


@pytest.mark.parametrize(
    ("do", "expected"), [("duplicate", ["one", "one", "two"]), ("reorder", ["two", "one"])]
)
def test_avito_events_are_doubled_and_swapped(world, seller, site, do, expected):
    chat = seller.new_chat()
    seller.call("POST", "/messenger/v3/webhook", json={"url": site.url})
    site.wait_for(1)
    world.fault("avito.webhook", do, times=1)
    seller.say(chat, "one")
    seller.say(chat, "two")
    bodies = site.wait_for(1 + len(expected))[1:]
    assert [b["payload"]["value"]["content"]["text"] for b in bodies] == expected
