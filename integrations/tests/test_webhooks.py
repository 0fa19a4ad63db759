"""The door: what is stored, what is refused, and that nothing that counts is lost."""

import json
import time
import uuid

import pytest
from django.db import OperationalError, connection

from config.lib.redis import get_redis
from integrations.models import AvitoAccount, Bot, InboundEvent
from integrations.services import webhooks
from integrations.services.bots import hash_secret
from integrations.services.inbox import BELL
from integrations.services.webhooks import chat_of, kind_of_update

PATH_SECRET, HEADER_SECRET = "path-secret", "header-secret"
CHAT = -1001234567890


@pytest.fixture
def bot(organization):
    return Bot.objects.create(
        organization=organization,
        telegram_id=1,
        username="shop_bot",
        webhook_path_hash=hash_secret(PATH_SECRET),
        webhook_header_hash=hash_secret(HEADER_SECRET),
    )


@pytest.fixture
def account(organization):
    return AvitoAccount.objects.create(
        organization=organization, avito_user_id=77, webhook_path_hash=hash_secret(PATH_SECRET)
    )


@pytest.fixture(autouse=True)
def silence(db):
    # What the test before asked the ringer for may ring a moment after its end.
    time.sleep(0.03)
    get_redis().flushdb()


def is_rung(task: str) -> bool:
    """Say whether the bell was rung, which its thread may do a moment later."""
    for _ in range(20):
        if get_redis().exists(f"bell:{task}"):
            return True
        time.sleep(0.01)
    return False


def update(number=1, **content):
    message = {"message_id": 5, "chat": {"id": CHAT}, "text": "Здравствуйте", **content}
    return {"update_id": number, "message": message}


def tell_telegram(client, bot_id, body, *, path=PATH_SECRET, header=HEADER_SECRET):
    return client.post(
        f"/api/webhooks/telegram/{bot_id}/{path}",
        body if isinstance(body, bytes | str) else json.dumps(body),
        content_type="application/json",
        headers={"X-Telegram-Bot-Api-Secret-Token": header} if header else {},
    )


def event(**value):
    content = {
        "id": "m-1",
        "chat_id": "u2i-1~2",
        "chat_type": "u2i",
        "user_id": 77,
        "author_id": 5,
        "created": 1_700_000_000,
        "type": "text",
        "content": {"text": "Ещё продаёте?"},
        **value,
    }
    return {
        "id": "e-1",
        "version": "v3.0.0",
        "timestamp": 1,
        "payload": {"type": "message", "value": content},
    }


def tell_avito(client, account_id, body, *, path=PATH_SECRET):
    return client.post(
        f"/api/webhooks/avito/{account_id}/{path}",
        body if isinstance(body, bytes | str) else json.dumps(body),
        content_type="application/json",
    )


def test_an_update_is_a_row_before_telegram_hears_ok(client, bot):
    assert tell_telegram(client, bot.pk, update()).status_code == 200
    row = InboundEvent.objects.get()
    assert (row.source, row.account_id, row.external_id) == ("telegram", bot.pk, "1")
    assert row.lane == f"telegram:{bot.pk}:{CHAT}"
    assert row.payload == update()
    assert (row.state, row.attempts, row.processed_at) == ("new", 0, None)
    assert row.correlation_id
    assert is_rung(BELL)


def test_the_same_update_again_is_ok_and_no_second_row(client, bot):
    for _ in range(3):
        assert tell_telegram(client, bot.pk, update()).status_code == 200
    assert InboundEvent.objects.count() == 1


def test_the_door_costs_one_statement(client, bot, django_assert_num_queries, monkeypatch):
    """The statement itself goes past Django's cursor, and so past its count."""
    run = []
    fetch = webhooks.fetch_prepared
    monkeypatch.setattr(webhooks, "fetch_prepared", lambda *args: run.append(args) or fetch(*args))
    with django_assert_num_queries(0):
        tell_telegram(client, bot.pk, update())
    assert len(run) == 1


def test_the_request_id_goes_onto_the_row(client, bot):
    client.post(
        f"/api/webhooks/telegram/{bot.pk}/{PATH_SECRET}/",
        json.dumps(update()),
        content_type="application/json",
        headers={
            "X-Telegram-Bot-Api-Secret-Token": HEADER_SECRET,
            "X-Request-ID": "0123456789abcdef",
        },
    )
    assert InboundEvent.objects.get().correlation_id == "0123456789abcdef"


@pytest.mark.parametrize(
    "change",
    [
        {"path": "wrong"},
        {"header": "wrong"},
        {"header": ""},
        {"path": HEADER_SECRET, "header": PATH_SECRET},
        {"bot_id": uuid.uuid4()},
    ],
)
def test_a_wrong_secret_and_an_unknown_bot_look_the_same(client, bot, change):
    bot_id = change.pop("bot_id", bot.pk)
    answer = tell_telegram(client, bot_id, update(), **change)
    assert (answer.status_code, answer.content) == (404, b"")
    assert not InboundEvent.objects.exists()
    assert not is_rung(BELL)


def test_a_bot_whose_webhook_was_taken_away_takes_nothing(client, bot):
    Bot.objects.update(webhook_path_hash=None, webhook_header_hash=None)
    assert tell_telegram(client, bot.pk, update()).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "{}",
        '{"update_id": "1"}',
        '{"update_id": true}',
        b"\xff\xfe{",
        "[" * 100_000,
        '{"update_id":' + "9" * 5000 + "}",
    ],
)
def test_what_is_no_update_is_refused(client, bot, body):
    assert tell_telegram(client, bot.pk, body).status_code == 400
    assert not InboundEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999999"])
def test_a_number_that_no_json_knows_is_refused(client, bot, number):
    body = f'{{"update_id": 1, "message": {{"chat": {{"id": 1}}, "n": {number}}}}}'
    assert tell_telegram(client, bot.pk, body).status_code == 400
    assert not InboundEvent.objects.exists()


def test_a_body_over_a_megabyte_is_refused_unread(client, bot):
    assert tell_telegram(client, bot.pk, "x" * (1024 * 1024 + 1)).status_code == 413
    big = update(text="x" * (1024 * 1024 - 200))
    assert tell_telegram(client, bot.pk, big).status_code == 200


def test_only_post_is_answered(client, bot):
    assert client.get(f"/api/webhooks/telegram/{bot.pk}/{PATH_SECRET}").status_code == 405


@pytest.mark.django_db(transaction=True)
def test_text_that_the_database_cannot_hold_is_stored_without_it(client, bot):
    body = '{"update_id": 7, "message": {"chat": {"id": 5}, "text": "a\\u0000b\\ud83dc"}}'
    assert tell_telegram(client, bot.pk, body).status_code == 200
    row = InboundEvent.objects.get()
    assert row.payload["message"]["text"] == "a\ufffdb\ufffdc"
    assert row.lane == f"telegram:{bot.pk}:5"


def test_a_database_that_is_gone_is_503_so_that_it_comes_again(client, bot, monkeypatch):
    def fail(*_):
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(webhooks, "fetch_prepared", fail)
    answer = tell_telegram(client, bot.pk, update())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_in_the_meantime_costs_the_sender_nothing(client, bot):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()
    assert tell_telegram(client, bot.pk, update()).status_code == 200
    assert InboundEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "chat"),
    [
        ({"message": {"chat": {"id": -5}, "from": {"id": 7}}}, -5),
        ({"edited_message": {"chat": {"id": -5}}}, -5),
        ({"channel_post": {"chat": {"id": -6}}}, -6),
        ({"callback_query": {"from": {"id": 7}, "message": {"chat": {"id": -5}}}}, -5),
        ({"callback_query": {"from": {"id": 7}, "inline_message_id": "x"}}, 7),
        ({"my_chat_member": {"chat": {"id": -5}, "from": {"id": 7}}}, -5),
        ({"chat_member": {"chat": {"id": -5}, "from": {"id": 7}}}, -5),
        ({"message_reaction": {"chat": {"id": -5}, "user": {"id": 7}}}, -5),
        ({"pre_checkout_query": {"from": {"id": 7}}}, 7),
        ({"inline_query": {"from": {"id": 7}}}, 7),
        ({"poll_answer": {"user": {"id": 7}}}, 7),
        ({"poll_answer": {"voter_chat": {"id": -8}}}, -8),
        ({"poll": {"id": "text", "question": "?"}}, 0),
        ({"message": "nonsense"}, 0),
        ({"message": {"chat": "nonsense"}}, 0),
        ({}, 0),
    ],
)
def test_every_sort_of_update_finds_its_chat(content, chat):
    assert chat_of({"update_id": 1, **content}) == chat
    assert chat_of({**content, "update_id": 1}) == chat
    assert kind_of_update({"update_id": 1, **content}) == next(iter(content), "")


def test_an_avito_message_is_a_row_of_its_chat(client, account):
    assert tell_avito(client, account.pk, event()).status_code == 200
    row = InboundEvent.objects.get()
    assert (row.source, row.account_id, row.external_id) == ("avito", account.pk, "m-1")
    assert row.lane == f"avito:{account.pk}:u2i-1~2"
    assert row.payload == event()["payload"]
    assert is_rung(BELL)
    assert tell_avito(client, account.pk, event() | {"id": "e-2"}).status_code == 200
    assert InboundEvent.objects.count() == 1


def test_the_probe_is_answered_even_before_the_secret_is_ours(client, account):
    assert tell_avito(client, account.pk, {}, path="not-yet").status_code == 200
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize("body", [event(), {"payload": {"type": "other"}}, {"payload": 1}])
def test_avitos_wrong_secret_is_404_whatever_is_said(client, account, body):
    assert tell_avito(client, account.pk, body, path="wrong").status_code == 404
    assert tell_avito(client, uuid.uuid4(), body).status_code == 404
    assert not InboundEvent.objects.exists()


def test_an_event_of_a_sort_that_we_do_not_know_is_taken_and_dropped(client, account):
    body = {"id": "x", "payload": {"type": "other", "value": {}}}
    assert tell_avito(client, account.pk, body).status_code == 200
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize(
    "value",
    [{"id": None}, {"id": "x" * 129}, {"chat_id": ""}, {"chat_id": ["a"]}, {"id": "a\x00b"}],
)
def test_a_message_without_a_usable_id_or_chat_is_refused(client, account, value):
    assert tell_avito(client, account.pk, event(**value)).status_code == 400
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize(
    ("body", "rings"),
    [
        (event(), True),
        (event(user_id=78), False),
        (event(user_id="77"), False),
        (event(user_id=2**70), False),
        ({}, False),
        ([], False),
        ({"payload": []}, False),
    ],
)
def test_the_address_without_a_secret_is_only_a_bell(client, account, body, rings):
    answer = client.post("/api/webhooks/avito", json.dumps(body), content_type="application/json")
    assert answer.status_code == 200
    assert is_rung("integrations.poll_avito") is rings
    assert not InboundEvent.objects.exists()


def test_an_address_that_telegram_is_being_told_counts_beside_the_old_one(client, bot):
    bot.next_webhook_path_hash = hash_secret("next-path")
    bot.next_webhook_header_hash = hash_secret("next-header")
    bot.save()
    pairs = [
        (PATH_SECRET, HEADER_SECRET, 200),
        ("next-path", "next-header", 200),
        ("next-path", HEADER_SECRET, 404),
        (PATH_SECRET, "next-header", 404),
    ]
    for number, (path, header, status) in enumerate(pairs):
        answer = tell_telegram(client, bot.pk, update(number), path=path, header=header)
        assert answer.status_code == status
    assert InboundEvent.objects.count() == 2


def test_an_address_that_avito_is_being_told_counts_beside_the_old_one(client, account):
    AvitoAccount.objects.update(next_webhook_path_hash=hash_secret("next-path"))
    for secret, status in ((PATH_SECRET, 200), ("next-path", 200), ("other", 404)):
        url = f"/api/webhooks/avito/{account.pk}/{secret}"
        body = json.dumps(event(id=f"m-{secret}"))
        answer = client.post(url, body, content_type="application/json")
        assert answer.status_code == status
        other = json.dumps({"payload": {"type": "chat"}})
        assert client.post(url, other, content_type="application/json").status_code == status
    assert InboundEvent.objects.count() == 2
