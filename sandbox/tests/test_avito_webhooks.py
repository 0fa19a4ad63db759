"""Avito's events."""

import time

import pytest


@pytest.fixture
def chat(seller):
    return seller.new_chat()


@pytest.fixture
def hooked(seller, site):
    """The seller with its webhook set to ``site``, the probe taken."""
    answer = seller.call("POST", "/messenger/v3/webhook", json={"url": site.url})
    assert answer.json() == {"ok": True}
    assert site.wait_for(1) == [{}]
    site.received.clear()
    return seller


def values(site, count):
    return [body["payload"]["value"] for body in site.wait_for(count)]


def test_an_event_has_the_published_shape(hooked, site, chat):
    message_id = hooked.say(chat, "Здравствуйте")
    (event,) = site.wait_for(1)
    assert event["version"].startswith("v3")
    assert event["payload"]["type"] == "message"
    value = event["payload"]["value"]
    item = hooked.in_chat("GET", "v2", chat).json()["context"]["value"]["id"]
    assert (value["id"], value["chat_id"], value["chat_type"]) == (message_id, chat, "u2i")
    assert (value["user_id"], value["item_id"]) == (hooked.user_id, item)
    assert value["author_id"] not in (hooked.user_id, None)
    assert (value["type"], value["content"]) == ("text", {"text": "Здравствуйте"})
    assert value["read"] is None
    assert time.strptime(value["published_at"], "%Y-%m-%dT%H:%M:%SZ")
    assert abs(value["created"] - time.time()) < 5


def test_own_messages_come_back(hooked, site, chat):
    sent = hooked.send(chat).json()["id"]
    (value,) = values(site, 1)
    assert (value["id"], value["author_id"]) == (sent, hooked.user_id)


def test_a_failed_event_is_tried_three_times_and_given_up(hooked, site, chat):
    site.answers += [{"status": 500}] * 3
    hooked.say(chat, "lost")
    hooked.say(chat, "next")
    texts = [value["content"]["text"] for value in values(site, 4)]
    assert texts == ["lost", "lost", "lost", "next"]


def test_an_answer_after_two_seconds_is_too_late(hooked, site, chat):
    site.answers += [{"seconds": 2.5}]
    hooked.say(chat, "slow")
    first, second = values(site, 2)
    assert first == second


def test_subscriptions_are_listed_and_ended(hooked, site, chat):
    listed = hooked.call("POST", "/messenger/v1/subscriptions").json()
    assert listed == {"subscriptions": [{"url": site.url, "version": "3"}]}
    hooked.call("POST", "/messenger/v1/webhook/unsubscribe", json={"url": site.url})
    hooked.say(chat)
    time.sleep(0.3)
    assert site.received == []
    assert hooked.call("POST", "/messenger/v1/subscriptions").json() == {"subscriptions": []}


def test_a_subscription_twice_is_one(hooked, site, chat):
    hooked.call("POST", "/messenger/v3/webhook", json={"url": site.url})
    hooked.say(chat)
    time.sleep(0.3)
    assert len([body for body in site.bodies if body]) == 1


@pytest.mark.parametrize("body", [{}, {"url": ""}, {"url": "nowhere"}, {"url": "x", "more": 1}])
def test_a_wrong_subscription_is_refused(seller, body):
    assert seller.call("POST", "/messenger/v3/webhook", json=body).status_code == 400


def test_events_can_be_held_back(hooked, site, chat):
    hooked.world.control("avito/webhooks", deliver=False)
    hooked.say(chat, "unseen")
    hooked.world.control("avito/webhooks", deliver=True)
    hooked.say(chat, "seen")
    assert [value["content"]["text"] for value in values(site, 1)] == ["seen"]
    assert len(hooked.messages(chat)) == 2
