"""Avito's calls and their refusals."""

import time
from urllib.parse import quote

import pytest

from .conftest import Seller


@pytest.fixture
def chat(seller):
    return seller.new_chat(item={"title": "Sofa", "price": 12500, "url": "https://avito.test/1"})


def test_a_token_is_a_bearer_for_a_day(seller):
    first, second = (seller.issue_token() for _ in range(2))
    assert first.json()["expires_in"] == 86_400
    assert first.json()["token_type"] == "Bearer"
    for response in (first, second):
        me = seller.call("GET", "/core/v1/accounts/self", token=response.json()["access_token"])
        assert me.json()["id"] == seller.user_id
    accounts = seller.world.look("state")["avito"]["accounts"]
    assert accounts[0]["tokens_issued"] == 3


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"client_secret": "wrong"}, 401),
        ({"client_id": "nobody"}, 401),
        ({"grant_type": "password"}, 400),
        ({"scope": "all"}, 400),
    ],
)
def test_wrong_credentials_get_no_token(seller, changes, status):
    response = seller.issue_token(**changes)
    assert response.status_code == status
    assert set(response.json()) == {"code", "message"}


def test_the_secret_is_not_journaled(seller):
    assert "secret" not in str(seller.world.calls("avito.token"))


def test_token_takes_a_form_only(seller):
    body = {"grant_type": "client_credentials", **seller.client}
    response = seller.world.http.post(f"{seller.world.url}/avito/token", json=body, timeout=5)
    assert response.status_code == 400


def test_a_bearer_is_asked_for(seller, chat):
    for token in ("unknown", " "):
        response = seller.call("GET", "/core/v1/accounts/self", token=token)
        assert response.status_code == 401
        assert response.json()["error"]["code"] == 401


def test_another_account_is_forbidden_and_another_chat_unknown(seller, chat):
    other = Seller(seller.world, client_id="other")
    path = f"/messenger/v2/accounts/{seller.user_id}/chats"
    response = other.call("GET", path)
    assert (response.status_code, response.json()["error"]["code"]) == (403, 403)
    assert other.in_chat("GET", "v2", chat).status_code == 404
    assert other.send(chat).status_code == 404
    assert seller.messages(chat) == []


def test_a_chat_tells_item_people_and_last_message(seller, chat):
    seller.say(chat, "Hello")
    (listed,) = seller.account("GET", "v2", "/chats").json()["chats"]
    assert listed == seller.in_chat("GET", "v2", chat).json()
    assert listed["id"] == chat
    assert chat.startswith("u2i-")
    assert "~" in chat
    value = listed["context"]["value"]
    assert (value["title"], value["url"]) == ("Sofa", "https://avito.test/1")
    assert value["price_string"] == "12 500 ₽"
    picture = seller.world.http.get(value["images"]["main"]["140x105"], timeout=5)
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert {user["name"] for user in listed["users"]} >= {"Anna"}
    assert listed["last_message"]["content"] == {"text": "Hello"}
    assert listed["last_message"]["direction"] == "in"


def test_the_chat_that_changed_last_comes_first(seller):
    chats = [seller.new_chat() for _ in range(3)]
    seller.say(chats[1])

    def ids(**query):
        listed = seller.account("GET", "v2", "/chats", params=query).json()["chats"]
        return [chat["id"] for chat in listed]

    assert ids() == [chats[1], chats[2], chats[0]]
    assert ids(limit=1, offset=1) == [chats[2]]
    assert ids(unread_only="true") == [chats[1]]
    assert ids(chat_types="u2u,a2u") == []


def test_chats_of_an_item(seller, chat):
    item = seller.in_chat("GET", "v2", chat).json()["context"]["value"]["id"]
    seller.new_chat()
    listed = seller.account("GET", "v2", "/chats", params={"item_ids": f"1,{item}"}).json()
    assert [c["id"] for c in listed["chats"]] == [chat]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "ten"},
        {"offset": 1001},
        {"unread_only": "yes"},
        {"chat_types": "u2i,x2x"},
        {"item_ids": "abc"},
        {"page": 1},
    ],
)
def test_wrong_queries_are_refused(seller, query):
    response = seller.account("GET", "v2", "/chats", params=query)
    assert response.status_code == 400
    assert set(response.json()["error"]["fields"]) == set(query)


def test_messages_come_youngest_first_with_and_without_slash(seller, chat):
    for number in range(5):
        seller.say(chat, str(number))
    body = seller.in_chat("GET", "v3", chat, "/messages", params={"limit": 2, "offset": 1}).json()
    assert [m["content"]["text"] for m in body["messages"]] == ["3", "2"]
    assert body["meta"] == {"has_more": True}
    whole = seller.in_chat("GET", "v3", chat, "/messages/").json()
    assert len(whole["messages"]) == 5
    assert whole["meta"] == {"has_more": False}
    assert seller.in_chat("GET", "v3", chat, "/messages/", params={"limit": 101}).status_code == 400


def test_a_sent_text_is_there_for_both(seller, chat):
    before = int(time.time())
    sent = seller.send(chat, "Привет").json()
    assert (sent["direction"], sent["type"], sent["content"]) == ("out", "text", {"text": "Привет"})
    assert before <= sent["created"] <= before + 2
    (message,) = seller.messages(chat)
    assert (message["id"], message["author_id"]) == (sent["id"], seller.user_id)
    shown = seller.world.look(f"avito/chats/{quote(chat, safe='')}")
    assert shown["messages"][0]["content"]["text"] == "Привет"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"type": "text"},
        {"type": "image", "message": {"text": "x"}},
        {"type": "text", "message": {"text": ""}},
        {"type": "text", "message": {"text": 5}},
        {"type": "text", "message": {"text": "x" * 1001}},
        {"type": "text", "message": {"text": "x", "quote": 1}},
        {"type": "text", "message": {"text": "x"}, "url": "https://x.test"},
    ],
)
def test_a_wrong_text_is_refused(seller, chat, body):
    response = seller.in_chat("POST", "v1", chat, "/messages", json=body)
    assert response.status_code == 400
    assert seller.messages(chat) == []


def test_a_text_may_have_a_thousand_characters(seller, chat):
    assert seller.send(chat, "я" * 1000).status_code == 200


def test_only_reading_marks_read(seller, chat):
    seller.say(chat)
    path = f"avito/chats/{quote(chat, safe='')}"
    assert [m["is_read"] for m in seller.messages(chat)] == [False]
    seller.send(chat)
    assert seller.world.look(path)["read"] is False
    assert seller.in_chat("POST", "v1", chat, "/read").json() == {"ok": True}
    assert seller.world.look(path)["read"] is True
    assert seller.messages(chat)[-1]["is_read"] is True
    seller.say(chat, "more")
    assert seller.world.look(path)["read"] is False


def test_a_picture_is_uploaded_and_sent(seller, chat):
    sample = f"{seller.world.url}/avito/static/images/sample/1280x960"
    picture = seller.world.http.get(sample, timeout=5).content
    files = {"uploadfile[]": ("sofa.jpg", picture, "image/jpeg")}
    uploaded = seller.account("POST", "v1", "/uploadImages", files=files).json()
    ((image_id, sizes),) = uploaded.items()
    assert seller.world.http.get(sizes["1280x960"], timeout=5).content == picture
    sent = seller.in_chat("POST", "v1", chat, "/messages/image", json={"image_id": image_id})
    assert sent.json()["content"] == {"image": {"sizes": sizes}}
    stranger = Seller(seller.world, client_id="other")
    theirs = stranger.new_chat()
    refused = stranger.in_chat("POST", "v1", theirs, "/messages/image", json={"image_id": image_id})
    assert refused.status_code == 400


def test_an_upload_that_is_no_picture_is_refused(seller):
    files = {"uploadfile[]": ("a.txt", b"text", "text/plain")}
    assert seller.account("POST", "v1", "/uploadImages", files=files).status_code == 400
    assert seller.account("POST", "v1", "/uploadImages", json={}).status_code == 400


def test_a_deleted_message_stays_as_deleted(seller, chat):
    sent = seller.send(chat).json()["id"]
    theirs = seller.say(chat)
    assert seller.in_chat("POST", "v1", chat, f"/messages/{sent}").status_code == 200
    assert seller.in_chat("POST", "v1", chat, f"/messages/{sent}").status_code == 400
    assert seller.in_chat("POST", "v1", chat, f"/messages/{theirs}").status_code == 404
    gone = seller.messages(chat)[-1]
    assert (gone["id"], gone["type"], gone["content"]) == (sent, "deleted", {})


def test_the_blacklist_checks_what_it_takes(seller):
    users = [{"user_id": 1, "context": {"item_id": 2, "reason_id": 4}}]
    taken = seller.account("POST", "v2", "/blacklist", json={"users": users})
    assert (taken.status_code, taken.content) == (200, b"")
    users[0]["context"]["reason_id"] = 5
    refused = seller.account("POST", "v2", "/blacklist", json={"users": users})
    assert refused.status_code == 400


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (
            {"type": "system", "text": "note"},
            {"flow_id": "seller_audience_discount", "text": "note"},
        ),
        ({"type": "video"}, {}),
        ({"type": "call", "call": {"status": "missed"}}, {"call": {"status": "missed"}}),
        ({"type": "location", "location": {"lat": 1.5}}, {"location": {"lat": 1.5}}),
    ],
)
def test_buyers_send_other_kinds_too(seller, chat, body, content):
    seller.world.control("avito/say", chat_id=chat, **body)
    (message,) = seller.messages(chat)
    assert (message["type"], message["content"]) == (body["type"], content)


def test_unknown_addresses_are_not_found(seller):
    response = seller.call("GET", "/messenger/v9/nothing")
    assert (response.status_code, response.json()["error"]["code"]) == (404, 404)


def test_calls_are_journaled_with_their_account(seller, chat):
    seller.send(chat, "Yes")
    (call,) = seller.world.calls("avito.sendMessage")
    assert (call["account"], call["status"]) == (seller.user_id, 200)
    assert call["params"] == {
        "user_id": seller.user_id,
        "chat_id": chat,
        "type": "text",
        "message": {"text": "Yes"},
    }
    assert seller.world.calls("avito.postSendMessage") == [call]
