"""The Bot API of Yandex Messenger as its documentation tells it."""

import time

import pytest
import requests

from .conftest import World

TOKEN = "y0_a-token"
ANNA = "anna@example.org"


@pytest.fixture
def messenger(world):
    world.control("yandex/bots", token=TOKEN, login="bot@example.org")
    world.control("yandex/users", login=ANNA, display_name="Anna")
    return world


def call(world, path, *, token=TOKEN, **body):
    return requests.post(
        f"{world.url}/yandex/{path}",
        json=body,
        headers={"Authorization": f"OAuth {token}"},
        timeout=5,
    )


def send(world, **body):
    return call(world, "messages/sendText/", **{"login": ANNA, "text": "x", **body})


def texts(world):
    return [m["text"] for m in world.look(f"yandex/chats/{ANNA}")["messages"]]


def test_a_message_is_sent_once_for_each_payload_id(messenger):
    first = send(messenger, text="one", payload_id="a").json()
    assert first["ok"] is True
    assert send(messenger, text="two", payload_id="a").json() == first
    assert send(messenger, text="three", payload_id="b").json() != first
    assert texts(messenger) == ["one", "three"]
    (entry, *_) = messenger.calls("yandex.sendText")
    assert (entry["account"], entry["params"]["payload_id"]) == ("bot@example.org", "a")


@pytest.mark.parametrize(
    ("body", "status", "description"),
    [
        ({"token": "other"}, 401, "Unauthorized"),
        ({"colour": "red"}, 400, "Unknown parameter colour"),
        ({"text": "а" * 6001}, 400, "longer than 6000"),
        ({"text": ""}, 400, "text"),
        ({"text": 5}, 400, "type str"),
        ({"important": 1}, 400, "type bool"),
        ({"login": None}, 400, "chat_id or login"),
        ({"login": "nobody@example.org"}, 404, "User not found"),
        ({"chat_id": "0/0/x"}, 403, "not a member"),
    ],
)
def test_what_is_refused(messenger, body, status, description):
    answer = send(messenger, **body)
    assert answer.status_code == status
    assert answer.json()["ok"] is False
    assert description in answer.json()["description"]
    assert texts(messenger) == []


@pytest.mark.parametrize(
    ("flag", "description"), [("is_closed", "privacy"), ("is_foreign", "another organization")]
)
def test_people_who_cannot_be_written_to(messenger, flag, description):
    messenger.control("yandex/users", login=ANNA, **{flag: True})
    answer = send(messenger)
    assert answer.status_code == 403
    assert description in answer.json()["description"]


def test_updates_are_there_until_a_higher_offset_is_asked_for(messenger):
    ids = [messenger.control("yandex/say", login=ANNA, text=t)["update_id"] for t in "abc"]
    first = call(messenger, "messages/getUpdates/", limit=2).json()["updates"]
    assert [u["update_id"] for u in first] == ids[:2]
    assert first[0]["from"]["login"] == ANNA
    assert first[0]["chat"] == {"type": "private"}
    rest = call(messenger, "messages/getUpdates/", offset=ids[1] + 1).json()["updates"]
    assert [u["text"] for u in rest] == ["c"]
    again = call(messenger, "messages/getUpdates/").json()["updates"]
    assert [u["update_id"] for u in again] == ids[2:]
    assert call(messenger, "messages/getUpdates/", limit=1001).status_code == 400
    assert call(messenger, "messages/other/").json()["description"] == "Invalid route"


def test_a_webhook_gets_what_waits_and_what_comes(messenger, site):
    messenger.control("yandex/say", login=ANNA, text="early")
    answer = call(messenger, "self/update/", webhook_url=f"{site.url}/hook").json()
    assert (answer["login"], answer["webhook_url"]) == ("bot@example.org", f"{site.url}/hook")
    messenger.fault("yandex.webhook", "duplicate", times=1, where={"text": "late"})
    messenger.control("yandex/say", login=ANNA, text="late")
    bodies = site.wait_for(3)
    assert [u["text"] for body in bodies for u in body["updates"]] == ["early", "late", "late"]
    assert call(messenger, "messages/getUpdates/").status_code == 409
    while messenger.look("state")["yandex"]["bots"][0]["pending"]:
        time.sleep(0.01)
    call(messenger, "self/update/", webhook_url=None)
    assert call(messenger, "messages/getUpdates/").json()["updates"] == []


def test_faults_strike_the_calls(messenger):
    messenger.fault("yandex.sendText", "status", status=429, retry_after=3, times=1)
    answer = send(messenger)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    messenger.fault("yandex.sendText", "timeout_after", times=1, seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        send(messenger, payload_id="p")
    assert texts(messenger) == ["x"]
    assert send(messenger, payload_id="p").status_code == 200
    assert texts(messenger) == ["x"]


def test_it_remembers_over_a_restart(start):
    process = start().wait_ready()
    world = World(process.url)
    world.control("yandex/bots", token=TOKEN)
    world.control("yandex/say", login=ANNA, text="kept")
    assert process.stop() == 0
    again = World(start().wait_ready().url)
    updates = call(again, "messages/getUpdates/").json()["updates"]
    assert [u["text"] for u in updates] == ["kept"]
