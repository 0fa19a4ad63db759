"""Allowances as the original gives them, with 5 % more."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from .conftest import BOT, Seller, World


@pytest.fixture
def strict(start):
    """A world under the real numbers, or those given: ``strict(**env)``."""

    def begin(**env):
        world = World(start(**env).wait_ready().url)
        world.control("telegram/bots", token=BOT, username="tests_bot")
        return world

    return begin


def test_a_chat_takes_one_message_a_second(strict):
    world = strict()
    group = world.group()
    world.result("sendMessage", chat_id=group, text="one")
    response = world.telegram("sendMessage", chat_id=group, text="two")
    assert response.status_code == 429
    assert response.json() == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 1",
        "parameters": {"retry_after": 1},
    }
    world.topic(group)
    time.sleep(1)
    world.result("sendMessage", chat_id=group, text="two")
    texts = [message["text"] for message in world.chat(group)["messages"]]
    assert texts == ["one", "two"]


def test_all_topics_of_a_group_share_twenty_a_minute(strict):
    world = strict(TELEGRAM_CHAT_PER_SECOND="1000")
    group, other = world.group(), world.group()
    threads = [world.topic(group, f"topic {number}") for number in range(5)]
    statuses = [
        world.telegram(
            "sendMessage", chat_id=group, text="x", message_thread_id=threads[number % 5]
        ).status_code
        for number in range(20)
    ]
    assert statuses.count(200) == 16
    refused = world.telegram("closeForumTopic", chat_id=group, message_thread_id=threads[0])
    assert refused.status_code == 429
    assert refused.json()["parameters"]["retry_after"] in (2, 3)
    world.result("sendMessage", chat_id=other, text="x")


def test_a_bot_sends_thirty_a_second_to_all(strict):
    world = strict()
    for user in range(600, 660):
        world.control("telegram/say", bot=BOT, chat_id=user, user=user, text="/start")

    def send(user):
        return World(world.url).telegram("sendMessage", chat_id=user, text="x").status_code

    started = time.monotonic()
    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(send, range(600, 660)))
    most = 31.5 * (1 + time.monotonic() - started)
    assert 31 <= statuses.count(200) <= most
    assert set(statuses) == {200, 429}


def test_asking_costs_nothing(strict):
    world = strict()
    assert {world.telegram("getMe").status_code for _ in range(60)} == {200}


def test_a_refused_call_spends_nothing(strict):
    world = strict(TELEGRAM_CHAT_PER_SECOND="2")
    group = world.group()
    assert world.telegram("sendMessage", chat_id=group, text="").status_code == 400
    statuses = [
        world.telegram("sendMessage", chat_id=group, text="x").status_code for _ in range(3)
    ]
    assert statuses == [200, 200, 429]


def test_an_avito_account_has_its_own_pace(strict):
    world = strict()
    seller, other = Seller(world), Seller(world, client_id="other")
    answers = [seller.call("GET", "/core/v1/accounts/self") for _ in range(7)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert 1 <= len(refused) <= 2
    assert refused[-1].headers["Retry-After"] == "1"
    assert refused[-1].json() == {"code": 429, "message": "Too Many Requests"}
    assert int(answers[0].headers["X-RateLimit-Remaining"]) == 4
    assert other.call("GET", "/core/v1/accounts/self").status_code == 200
    time.sleep(1)
    assert seller.call("GET", "/core/v1/accounts/self").status_code == 200
