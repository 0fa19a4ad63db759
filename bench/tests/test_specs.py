"""The checker finds what the published descriptions do not know, and takes what they do."""

import dataclasses
import json

import pytest
import requests

from bench import specs
from bench.specs import Exchange


def call(method, **params):
    return {"on": f"telegram.{method}", "seq": 7, "params": params}


def sending(body, **changes):
    exchange = Exchange(
        method="POST",
        path="/messenger/v1/accounts/5/chats/u2i-x~y/messages",
        query={},
        headers={"Authorization": "Bearer t", "Content-Type": "application/json"},
        body=json.dumps(body).encode(),
        status=502,
        answer_headers={"Content-Type": "application/json"},
        answer=b"",
    )
    return dataclasses.replace(exchange, **changes)


GOOD_TEXT = {"type": "text", "message": {"text": "yes"}}
GOOD_ANSWER = {"id": "a", "created": 1, "direction": "out", "type": "text", "content": {}}


def test_a_good_call_of_the_bot_api_passes():
    specs.require(specs.TELEGRAM)
    calls = [
        call("sendMessage", chat_id=-100, text="hello", message_thread_id=4),
        call("sendMessage", chat_id="@channel", text="hello", reply_markup={"force_reply": True}),
        call("setWebhook", url="https://x", allowed_updates=["message"], max_connections=4),
        {"on": "avito.sendMessage", "seq": 8, "params": {"nonsense": 1}},
    ]
    assert specs.find_telegram_breaches(calls) == []


@pytest.mark.parametrize(
    ("breach", "words"),
    [
        (call("sendMesage", chat_id=1), "no such method"),
        (call("sendMessage", chat_id=1), "text is missing"),
        (call("sendMessage", chat_id=1, text="x", thread=2), "thread is unknown"),
        (call("sendMessage", chat_id=1.5, text="x"), "chat_id is no Integer or String"),
        (call("sendMessage", chat_id=True, text="x"), "chat_id is no Integer or String"),
        (call("setWebhook", url="https://x", allowed_updates=["a", 1]), "no Array of String"),
    ],
)
def test_a_bad_call_of_the_bot_api_is_named(breach, words):
    specs.require(specs.TELEGRAM)
    (found,) = specs.find_telegram_breaches([breach])
    assert words in found
    assert "seq 7" in found


def test_a_good_exchange_with_avito_passes():
    specs.require(specs.AVITO)
    answered = sending(GOOD_TEXT, status=200, answer=json.dumps(GOOD_ANSWER).encode())
    assert specs.find_avito_breaches([sending(GOOD_TEXT), answered]) == []


@pytest.mark.parametrize(
    "breach",
    [
        sending({"type": "text"} | {"message": "yes"}),
        sending(GOOD_TEXT, path="/messenger/v9/accounts/5/chats/x/messages"),
        sending(GOOD_TEXT, path="/messenger/v1/accounts/five/chats/x/messages"),
        sending(GOOD_TEXT, headers={"Content-Type": "application/json"}),
        sending(GOOD_TEXT, status=200, answer=b'{"id": 5}'),
    ],
)
def test_a_bad_exchange_with_avito_is_named(breach):
    specs.require(specs.AVITO)
    (found,) = specs.find_avito_breaches([breach])
    assert "/messenger/" in found


def heard(path, *, body=None, **wire):
    """An entry of the sandbox's journal, with how it was said."""
    wire = {"content_type": "application/json", "query": {}, "method": "POST", **wire}
    text = None if body is None else json.dumps(body)
    return {"on": "avito.x", "seq": 3, "params": {}, "wire": {**wire, "path": path, "body": text}}


CHAT = "/messenger/v1/accounts/5/chats/u2i-x~y"


def test_a_journal_of_good_calls_passes():
    specs.require(specs.TELEGRAM, specs.AVITO)
    upload = heard("/messenger/v1/accounts/5/uploadImages", content_type="multipart/form-data")
    upload["params"] = {"user_id": 5, "uploadfile[]": {"size": 3}}
    journal = [
        call("sendMessage", chat_id=-100, text="hello"),
        {"on": "telegram.file", "seq": 9, "params": {"path": "photos/1"}},
        heard(f"{CHAT}/messages", body=GOOD_TEXT),
        heard(f"{CHAT}/messages/image", body={"image_id": "1"}),
        heard("/messenger/v1/accounts/5/getVoiceFiles", method="GET", query={"voice_ids": ["a"]}),
        upload,
    ]
    assert specs.find_breaches_in_journal(journal) == []


@pytest.mark.parametrize(
    "entry",
    [
        heard(f"{CHAT}/messages", body={"type": "text", "message": {"text": 5}}),
        heard(f"{CHAT}/pictures", body={"image_id": "1"}),
        heard(f"{CHAT}/messages/image", body=[]),
        heard(f"{CHAT}/read", method="PUT"),
        heard("/messenger/v1/accounts/5/getVoiceFiles", method="GET"),
        heard("/messenger/v1/accounts/x/uploadImages", content_type="multipart/form-data"),
        call("sendVoice", chat_id=1),
    ],
)
def test_a_journal_names_what_the_descriptions_do_not_know(entry):
    specs.require(specs.TELEGRAM, specs.AVITO)
    assert len(specs.find_breaches_in_journal([entry])) == 1


def test_the_sandbox_keeps_how_it_was_asked(sandbox, organization):
    """Without it every journal would pass."""
    credentials = {"client_id": "c", "client_secret": "s"}
    user = sandbox.control("avito/accounts", credentials)["user_id"]
    form = {"grant_type": "client_credentials", **credentials}
    answer = requests.post(f"{sandbox.url}/avito/token", data=form, timeout=5)
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    url = f"{sandbox.url}/avito/messenger/v2/accounts/{user}/chats?chat_types=u2i&limit=7"
    requests.get(url, headers=bearer, timeout=5).raise_for_status()

    wires = [entry["wire"] for entry in sandbox.calls("avito.*") if "wire" in entry]

    assert wires == [
        {
            "method": "GET",
            "path": f"/messenger/v2/accounts/{user}/chats",
            "query": {"chat_types": ["u2i"], "limit": ["7"]},
            "content_type": "",
            "body": None,
        }
    ]
