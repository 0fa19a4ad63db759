"""Updates: webhooks with their order and retries, and polling."""

import threading
import time

import pytest

from .conftest import BOT


def say(world, chat_id, text, user=500):
    body = {"bot": BOT, "chat_id": chat_id, "user": user, "text": text}
    return world.control("telegram/say", **body)["message_id"]


def texts(bodies):
    return [body["message"]["text"] for body in bodies]


@pytest.fixture
def hooked(world, site):
    """The world with the bot's webhook set to ``site``."""
    world.result("setWebhook", url=site.url, secret_token="s3cret_-")
    return world


def test_an_update_comes_with_the_secret(hooked, site):
    say(hooked, 500, "/start now")
    (update,) = site.wait_for(1)
    assert site.received[0]["headers"]["X-Telegram-Bot-Api-Secret-Token"] == "s3cret_-"
    message = update["message"]
    assert message["chat"] == {"id": 500, "first_name": "Ivan", "type": "private"}
    assert message["from"]["language_code"] == "ru"
    assert message["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]


def test_update_ids_follow_each_other(hooked, site):
    for number in range(5):
        say(hooked, 500, str(number))
    ids = [body["update_id"] for body in site.wait_for(5)]
    assert ids == list(range(ids[0], ids[0] + 5))


def test_a_failing_update_holds_its_chat_and_no_other(hooked, site):
    group = hooked.group()
    site.wait_for(1)
    site.answers += [{"status": 500}, {"status": 500}]
    say(hooked, group, "first")
    deadline = time.monotonic() + 5
    while len(site.received) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    say(hooked, group, "second")
    say(hooked, 500, "elsewhere")
    bodies = site.wait_for(6)[1:]
    assert texts(bodies) == ["first", "first", "elsewhere", "first", "second"]
    first, again, _, third, _ = (item["at"] for item in site.received[1:6])
    assert again - first < 0.5
    assert 1.8 < third - again < 3


def test_a_webhooks_health_is_told(hooked, site):
    site.answers += [{"status": 404}, {"status": 404}]
    say(hooked, 500, "hello")
    site.wait_for(2)
    time.sleep(0.2)
    info = hooked.result("getWebhookInfo")
    assert info["pending_update_count"] == 1
    assert info["last_error_message"] == "Wrong response from the webhook: 404 Not Found"
    assert abs(info["last_error_date"] - time.time()) < 5


def test_the_receiver_says_when_to_come_again(hooked, site):
    site.answers += [{"status": 503, "headers": {"Retry-After": "1"}}]
    say(hooked, 500, "hello")
    site.wait_for(2)
    pause = site.received[1]["at"] - site.received[0]["at"]
    assert 0.9 < pause < 1.8


def test_chats_are_delivered_in_parallel_and_each_one_in_order(hooked, site):
    for number in range(6):
        hooked.control("telegram/users", id=600 + number)
    site.answers += [{"seconds": 0.3}] * 6
    for text in ("one", "two"):
        for number in range(6):
            say(hooked, 600 + number, text, user=600 + number)
    bodies = site.wait_for(12)
    assert site.most_in_flight >= 4
    for number in range(6):
        own = [b for b in bodies if b["message"]["chat"]["id"] == 600 + number]
        assert texts(own) == ["one", "two"]


def test_max_connections_is_kept(world, site):
    world.result("setWebhook", url=site.url, max_connections=2)
    site.answers += [{"seconds": 0.2}] * 6
    for number in range(6):
        say(world, 600 + number, "hello", user=600 + number)
    site.wait_for(6)
    assert site.most_in_flight == 2


def test_a_call_in_the_answer_is_carried_out(hooked, site):
    call = {"method": "sendMessage", "chat_id": 500, "text": "from the answer"}
    site.answers += [{"body": call}]
    say(hooked, 500, "hello")
    site.wait_for(1)
    time.sleep(0.2)
    assert hooked.chat(500)["messages"][-1]["text"] == "from the answer"
    assert hooked.calls("telegram.sendMessage")[-1]["status"] == 200


def test_a_bot_does_not_hear_itself(hooked, site):
    group = hooked.group()
    site.wait_for(1)
    hooked.result("sendMessage", chat_id=group, text="mine")
    say(hooked, group, "theirs")
    assert texts(site.wait_for(2)[1:]) == ["theirs"]


def test_only_wanted_kinds_come(world, site):
    world.result("setWebhook", url=site.url, allowed_updates=["message"])
    say(world, 500, "hello")
    world.control("telegram/block", bot=BOT, user=500)
    world.control("telegram/unblock", bot=BOT, user=500)
    say(world, 500, "again")
    assert texts(site.wait_for(2)) == ["hello", "again"]
    assert world.result("getWebhookInfo")["allowed_updates"] == ["message"]


def test_reactions_come_only_when_asked_for(hooked, site):
    message_id = say(hooked, 500, "hello")
    site.wait_for(1)
    while hooked.result("getWebhookInfo")["pending_update_count"]:
        time.sleep(0.01)
    target = {"bot": BOT, "chat_id": 500, "message_id": message_id, "user": 500}
    hooked.control("telegram/react", **target, emoji="👍")
    hooked.result("setWebhook", url=site.url, allowed_updates=["message", "message_reaction"])
    hooked.control("telegram/react", **target, emoji="🔥")
    change = site.wait_for(2)[1]["message_reaction"]
    assert change["old_reaction"] == [{"type": "emoji", "emoji": "👍"}]
    assert change["new_reaction"] == [{"type": "emoji", "emoji": "🔥"}]


def test_what_waited_comes_when_a_webhook_is_set(world, site):
    say(world, 500, "early")
    assert world.result("getWebhookInfo")["pending_update_count"] == 1
    world.result("setWebhook", url=site.url)
    assert texts(site.wait_for(1)) == ["early"]


def test_waiting_updates_can_be_dropped(world, site):
    say(world, 500, "early")
    world.result("setWebhook", url=site.url, drop_pending_updates=True)
    say(world, 500, "late")
    assert texts(site.wait_for(1)) == ["late"]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"url": "ftp://127.0.0.1/"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ({"url": "http://example.com/"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ({"secret_token": "a b"}, "secret token contains unallowed characters"),
        ({"secret_token": "x" * 257}, "secret token contains unallowed characters"),
        ({"max_connections": 101}, "max_connections must be between 1 and 100"),
        ({"allowed_updates": ["gossip"]}, 'unknown update type "gossip" in allowed_updates'),
    ],
)
def test_a_wrong_webhook_is_refused(world, site, params, text):
    refusal = world.refusal("setWebhook", **{"url": site.url, **params})
    assert refusal == (400, f"Bad Request: {text}")
    assert world.result("getWebhookInfo")["url"] == ""


def test_a_webhook_excludes_polling(hooked):
    code, text = hooked.refusal("getUpdates")
    assert (code, text.partition(":")[0]) == (409, "Conflict")
    assert hooked.result("deleteWebhook") is True
    assert hooked.result("getUpdates") == []


def test_polling_confirms_by_offset(world):
    say(world, 500, "one")
    say(world, 500, "two")
    first, second = world.result("getUpdates")
    assert world.result("getUpdates", limit=1) == [first]
    assert world.result("getUpdates", offset=second["update_id"]) == [second]
    assert world.result("getUpdates", offset=second["update_id"] + 1) == []


def test_a_long_poll_ends_with_the_first_update(world):
    timer = threading.Timer(0.3, say, (world, 500, "hello"))
    timer.start()
    started = time.monotonic()
    with_timeout = world.http.__class__()
    url = f"{world.url}/telegram/bot{BOT}/getUpdates"
    updates = with_timeout.post(url, json={"timeout": 5}, timeout=10).json()["result"]
    timer.join()
    assert texts(updates) == ["hello"]
    assert time.monotonic() - started < 2
