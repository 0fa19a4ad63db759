"""What buyers do on Avito, and what its seller sees of it."""

from urllib.parse import quote as percent

import pytest

from sandbox.control.avito_people import KINDS, OBJECTS


@pytest.fixture
def chat(seller):
    return seller.new_chat()


def look(seller, chat, **query):
    return seller.world.look(f"avito/chats/{percent(chat, safe='')}", **query)


def by_id(seller, chat):
    return {message["id"]: message for message in seller.messages(chat)}


@pytest.fixture
def hooked(seller, site):
    """The seller with its webhook set to ``site``, the probe taken."""
    seller.call("POST", "/messenger/v3/webhook", json={"url": site.url})
    site.wait_for(1)
    site.received.clear()
    return seller


def values(site, count):
    return [body["payload"]["value"] for body in site.wait_for(count)]


def test_a_buyer_takes_a_message_back(hooked, site, chat):
    first, second = hooked.say(chat, "first"), hooked.say(chat, "second")
    hooked.world.control("avito/delete", chat_id=chat, message_id=first)
    hooked.world.control("avito/delete", chat_id=chat, message_id=first)
    messages = by_id(hooked, chat)
    assert list(messages) == [second, first]
    assert (messages[first]["type"], messages[first]["content"]) == ("deleted", {})
    told = values(site, 3)
    assert [(v["id"], v["type"]) for v in told] == [
        (first, "text"),
        (second, "text"),
        (first, "deleted"),
    ]


def test_whether_a_webhook_tells_of_a_deletion_is_a_switch(hooked, site, chat):
    hooked.world.control("avito/webhooks", deletions=False)
    assert hooked.world.look("state")["avito"]["deletions"] is False
    first = hooked.say(chat, "first")
    hooked.world.control("avito/delete", chat_id=chat, message_id=first)
    hooked.say(chat, "second")
    assert [v["type"] for v in values(site, 2)] == ["text", "text"]
    assert by_id(hooked, chat)[first]["type"] == "deleted"


def test_a_deleted_message_brings_its_chat_to_the_top(seller, chat):
    message = seller.say(chat)
    later = seller.new_chat()
    seller.say(later)
    seller.world.control("avito/delete", chat_id=chat, message_id=message)
    listed = seller.account("GET", "v2", "/chats").json()["chats"]
    assert [found["id"] for found in listed] == [chat, later]


def test_nobody_deletes_anothers_message(seller, chat):
    sent, said = seller.send(chat).json()["id"], seller.say(chat)
    for message, by in ((sent, "buyer"), (said, "seller")):
        body = {"chat_id": chat, "message_id": message, "by": by}
        seller.world.control("avito/delete", **body, expect=409)
    assert {m["type"] for m in seller.messages(chat)} == {"text"}
    seller.world.control("avito/delete", chat_id=chat, message_id=sent, by="seller")
    assert by_id(seller, chat)[sent]["type"] == "deleted"


def test_a_quote_is_listed_and_not_told(hooked, site, chat):
    asked = hooked.say(chat, "How much?")
    answer = hooked.say(chat, "And the chair?", quote=asked)
    messages = by_id(hooked, chat)
    assert "quote" not in messages[asked]
    assert messages[answer]["quote"] == {
        name: messages[asked][name] for name in ("id", "author_id", "created", "type", "content")
    }
    assert "quote" not in values(site, 2)[1]
    seen = look(hooked, chat)["revision"]
    hooked.world.control("avito/delete", chat_id=chat, message_id=asked)
    assert by_id(hooked, chat)[answer]["quote"]["type"] == "deleted"
    changed = look(hooked, chat, after=seen)["messages"]
    assert [message["id"] for message in changed] == [asked, answer]
    body = {"chat_id": chat, "text": "x", "quote": "unknown"}
    hooked.world.control("avito/say", **body, expect=404)


def test_the_buyer_reads_what_the_seller_wrote(hooked, site, chat):
    sent = hooked.send(chat).json()["id"]
    said = hooked.say(chat)
    told = len(values(site, 2))
    assert by_id(hooked, chat)[sent]["read"] is None
    revision = look(hooked, chat)["revision"]
    hooked.world.control("avito/read", chat_id=chat)
    messages = by_id(hooked, chat)
    assert messages[sent]["read"] >= messages[sent]["created"]
    assert messages[said]["read"] is None
    assert look(hooked, chat)["revision"] > revision
    assert look(hooked, chat)["read"] is False
    hooked.world.control("avito/read", chat_id=chat, by="seller")
    assert look(hooked, chat)["read"] is True
    assert len(site.bodies) == told


def test_only_a_message_of_the_last_hour_can_be_deleted(seller, chat):
    young, old = (seller.send(chat).json()["id"] for _ in range(2))
    for message, seconds in ((young, 3500), (old, 3601)):
        created = by_id(seller, chat)[message]["created"]
        body = {"chat_id": chat, "message_id": message, "seconds": seconds}
        assert seller.world.control("avito/age", **body) == {"created": created - seconds}
    statuses = [
        seller.in_chat("POST", "v1", chat, f"/messages/{message}").status_code
        for message in (young, old)
    ]
    assert statuses == [200, 400]
    assert by_id(seller, chat)[old]["content"] == {"text": "Yes"}


@pytest.mark.parametrize(("refuse", "message"), [(402, "Payment Required"), (403, "Forbidden")])
def test_an_account_may_be_refused(seller, chat, refuse, message):
    seller.world.control("avito/accounts", **seller.client, refuse=refuse)
    for response in (seller.send(chat), seller.account("GET", "v2", "/chats")):
        assert response.status_code == refuse
        assert response.json() == {"error": {"code": refuse, "message": message}}
    assert seller.call("GET", "/core/v1/accounts/self").status_code == 200
    assert seller.issue_token().status_code == 200
    assert seller.world.look("state")["avito"]["accounts"][0]["refuse"] == refuse
    seller.world.control("avito/accounts", **seller.client, refuse=None)
    assert seller.messages(chat) == []


def test_a_refusal_is_402_or_403(seller):
    seller.world.control("avito/accounts", **seller.client, refuse=500, expect=400)


def test_a_banned_buyer_is_shown_as_banned(seller, chat):
    buyer = look(seller, chat)["buyer"]["id"]
    assert look(seller, chat)["banned"] is False
    users = [{"user_id": buyer, "context": {"reason_id": 1}}]
    seller.account("POST", "v2", "/blacklist", json={"users": users})
    assert look(seller, chat)["banned"] is True
    assert look(seller, seller.new_chat())["banned"] is False
    assert seller.world.look("state")["avito"]["accounts"][0]["blacklist"] == users


@pytest.mark.parametrize("kind", KINDS)
def test_a_buyer_says_everything_with_little_effort(hooked, site, chat, kind):
    body = {"text": {"text": "Hello"}, "image": {"image": "sample"}, "voice": {"voice": "sample"}}
    hooked.world.control("avito/say", chat_id=chat, type=kind, **body.get(kind, {}))
    (listed,) = hooked.messages(chat)
    (told,) = values(site, 1)
    assert (listed["type"], listed["content"]) == (told["type"], told["content"])
    assert listed["type"] == kind
    if kind in OBJECTS:
        assert listed["content"][kind].items() >= OBJECTS[kind].items()


def test_a_message_may_be_empty(seller, chat):
    seller.world.control("avito/say", chat_id=chat, type="text", empty=True)
    (message,) = seller.messages(chat)
    assert (message["type"], message["content"]) == ("text", {})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("say", {"type": "location", "location": 5}),
        ("say", {"type": "sticker"}),
        ("say", {"text": "x" * 1001}),
        ("say", {"type": "image", "image": {"content_type": "text/plain", "base64": ""}}),
        ("delete", {}),
        ("delete", {"message_id": "x", "by": "nobody"}),
        ("age", {"message_id": "x"}),
        ("read", {"by": "nobody"}),
    ],
)
def test_rubbish_is_refused_and_changes_nothing(seller, chat, path, body):
    said = seller.say(chat)
    if body.get("message_id") == "x":
        body = {**body, "message_id": said}
    before = look(seller, chat)
    assert seller.world.control(f"avito/{path}", chat_id=chat, **body, expect=400)["error"]
    assert look(seller, chat) == before
