"""Avito's answers and events against the published description."""

import json
from pathlib import Path

import jsonschema
import pytest

from sandbox.control.avito_people import KINDS

PUBLISHED = Path(__file__).parents[3] / "shared" / "contracts" / "avito-messenger.openapi.json"
ACCOUNT = "/messenger/{}/accounts/{{user_id}}"
CHAT = "/chats/{chat_id}"


def as_json_schema(node):
    """OpenAPI 3.0's ``nullable`` in the words of JSON Schema."""
    if isinstance(node, list):
        return [as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {name: as_json_schema(item) for name, item in node.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain


@pytest.fixture(scope="module")
def published():
    if not PUBLISHED.exists():
        pytest.skip(f"{PUBLISHED.name} is not at hand")
    return as_json_schema(json.loads(PUBLISHED.read_text(encoding="utf-8")))


def check(published, path, method, body, *, status="200"):
    answer = published["paths"][path][method]["responses"][status]
    schema = answer["content"]["application/json"]["schema"]
    jsonschema.validate(body, {**schema, "components": published["components"]})
    assert set(body) <= set(schema.get("properties", body)), path


@pytest.fixture
def chat(seller):
    chat = seller.new_chat()
    seller.say(chat)
    seller.world.control("avito/say", chat_id=chat, type="image", image="sample")
    return chat


def test_answers_are_as_published(published, seller, chat):
    v1, v2, v3 = (ACCOUNT.format(version) for version in ("v1", "v2", "v3"))
    check(published, "/token", "post", seller.issue_token().json())
    me = seller.call("GET", "/core/v1/accounts/self").json()
    check(published, "/core/v1/accounts/self", "get", me)
    sent = seller.send(chat).json()
    check(published, f"{v1}{CHAT}/messages", "post", sent)
    sample = f"{seller.world.url}/avito/static/images/sample/32x32"
    picture = seller.world.http.get(sample, timeout=5).content
    uploaded = seller.account("POST", "v1", "/uploadImages", files={"uploadfile[]": picture}).json()
    check(published, f"{v1}/uploadImages", "post", uploaded)
    body = {"image_id": next(iter(uploaded))}
    image = seller.in_chat("POST", "v1", chat, "/messages/image", json=body).json()
    check(published, f"{v1}{CHAT}/messages/image", "post", image)
    deleted = seller.in_chat("POST", "v1", chat, f"/messages/{sent['id']}").json()
    check(published, f"{v1}{CHAT}/messages/{{message_id}}", "post", deleted)
    check(published, f"{v2}/chats", "get", seller.account("GET", "v2", "/chats").json())
    check(published, f"{v2}{CHAT}", "get", seller.in_chat("GET", "v2", chat).json())
    messages = seller.in_chat("GET", "v3", chat, "/messages/").json()
    assert len(messages["messages"]) == 4
    check(published, f"{v3}{CHAT}/messages/", "get", messages)
    check(published, f"{v1}{CHAT}/read", "post", seller.in_chat("POST", "v1", chat, "/read").json())
    listed = seller.call("POST", "/messenger/v1/subscriptions").json()
    check(published, "/messenger/v1/subscriptions", "post", listed)


# The published list of a chat's messages leaves out three types that its events have, though it
# says of their content what a list would show; "unknown" stands for what is not published at all.
UNLISTED = {"appCall", "file", "video", "unknown"}
MEDIA = {"text": {"text": "Hello"}, "image": {"image": "sample"}, "voice": {"voice": "sample"}}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in UNLISTED])
def test_every_type_is_listed_as_published(published, seller, kind):
    chat = seller.new_chat()
    seller.world.control("avito/say", chat_id=chat, type=kind, **MEDIA.get(kind, {}))
    quoted = seller.messages(chat)[0]["id"]
    seller.say(chat, "this one?", quote=quoted)
    messages = seller.in_chat("GET", "v3", chat, "/messages/").json()
    assert messages["messages"][0]["quote"]["type"] == kind
    check(published, f"{ACCOUNT.format('v3')}{CHAT}/messages/", "get", messages)
    components = published["components"]["schemas"]
    item = components["Messages"]["items"]
    for message in messages["messages"]:
        assert set(message) <= set(item["properties"])
    assert set(messages["messages"][0]["quote"]) == set(components["MessageQuote"]["properties"])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "unknown"])
def test_every_type_is_told_as_published(published, seller, site, kind):
    chat = seller.new_chat()
    seller.call("POST", "/messenger/v3/webhook", json={"url": site.url})
    seller.world.control("avito/say", chat_id=chat, type=kind, **MEDIA.get(kind, {}))
    event = next(body for body in site.wait_for(2) if body)
    check(published, "/messenger/v3/webhook", "post", event, status="201")
    known = published["components"]["schemas"]["WebhookMessage"]["properties"]
    assert set(event["payload"]["value"]) <= set(known)


def test_voices_are_as_published(published, seller, chat):
    seller.world.control("avito/say", chat_id=chat, type="voice", voice="sample")
    voice = seller.messages(chat)[0]["content"]["voice"]["voice_id"]
    answer = seller.account("GET", "v1", "/getVoiceFiles", params={"voice_ids": voice}).json()
    assert list(answer["voices_urls"]) == [voice]
    check(published, f"{ACCOUNT.format('v1')}/getVoiceFiles", "get", answer)


def test_events_are_as_published(published, seller, chat, site):
    body = {"url": site.url}
    answer = seller.call("POST", "/messenger/v3/webhook", json=body).json()
    check(published, "/messenger/v3/webhook", "post", answer)
    seller.say(chat)
    check(
        published,
        "/messenger/v3/webhook",
        "post",
        next(body for body in site.wait_for(2) if body),
        status="201",
    )


def refused_account(seller):
    seller.world.control("avito/accounts", **seller.client, refuse=402)
    response = seller.account("GET", "v2", "/chats")
    seller.world.control("avito/accounts", **seller.client)
    return response


def test_refusals_are_as_published(published, seller, chat):
    schemas = published["components"]["schemas"]
    for response, name in (
        (refused_account(seller), "purchasingError"),
        (seller.call("GET", "/core/v1/accounts/self", token="x"), "authError"),
        (seller.call("GET", "/messenger/v2/accounts/1/chats"), "forbiddenError"),
        (seller.send("u2i-none"), "notFoundError"),
        (seller.send(chat, ""), "validatingError"),
    ):
        jsonschema.validate(response.json(), schemas[name])
        example = schemas[name]["properties"]["error"]["properties"]["code"]["example"]
        assert response.status_code == example
