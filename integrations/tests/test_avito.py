"""Avito's client, its tokens and its sends, on a real socket."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone

from config.lib import http
from config.lib.errors import ConflictError, InputError, NotFoundError, OutsideTimeoutError
from integrations.avito import client as avito
from integrations.avito import sender
from integrations.models import AvitoAccount, Bot, Hold, IntegrationLog
from integrations.services import avito_accounts, avito_tokens
from integrations.services.avito_accounts import AvitoAccountChanges
from integrations.services.calls import Call, Limit, Status
from integrations.services.holds import place_hold
from integrations.signals import avito_account_refused
from integrations.tests.wires import (
    avito_call,
    buyer_says,
    connect_account,
    connect_bot,
    forget_tokens,
    nobody,
    open_chat,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account(organization, sandbox):
    return connect_account(organization, sandbox)


@pytest.fixture
def chat_id(sandbox, account):
    return open_chat(sandbox, account)


@pytest.fixture
def refusals():
    heard = []

    def listen(organization, account, **_):
        heard.append((organization, account.status))

    avito_account_refused.connect(listen)
    yield heard
    avito_account_refused.disconnect(listen)


@pytest.fixture
def impatient(monkeypatch):
    """Wait half a second for Avito instead of ten."""
    session = http.OutsideSession
    avito._session.cache_clear()
    monkeypatch.setattr(
        avito, "OutsideSession", lambda url, name: session(url, name=name, read_seconds=0.5)
    )
    yield
    avito._session.cache_clear()


def messages(sandbox, chat_id):
    return [m["content"].get("text") for m in sandbox.control(f"avito/chats/{chat_id}")["messages"]]


def test_text_goes_out_and_the_chat_is_read(sandbox, account, chat_id):
    buyer_says(sandbox, chat_id, "Is it still there?")
    sent = avito_call(account.sender, "send_text", chat_id=chat_id, text="Yes, it is")
    assert sent.status is Status.SENT
    assert sent.result["content"] == {"text": "Yes, it is"}
    assert messages(sandbox, chat_id) == ["Is it still there?", "Yes, it is"]
    listed = avito_call(account.sender, "list_messages", chat_id=chat_id, limit=20)
    assert [m["id"] for m in listed.result][-1] == sent.result["id"]
    assert avito_call(account.sender, "mark_read", chat_id=chat_id).status is Status.SENT
    assert sandbox.control(f"avito/chats/{chat_id}")["read"]
    chat = avito_call(account.sender, "get_chat", chat_id=chat_id)
    assert chat.result["context"]["value"]["title"] == "Bicycle"


def test_a_chat_id_with_marks_is_one_part_of_the_path(sandbox, account):
    body = {
        "user_id": account.avito_user_id,
        "chat_id": "u2i-a~b/c?d#e%f",
        "item": {"title": "Lamp", "price": 1},
        "buyer": {"name": "Boris"},
    }
    chat_id = sandbox.control("avito/chats", body)["chat_id"]
    assert avito_call(account.sender, "get_chat", chat_id=chat_id).result["id"] == chat_id


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"do": "status", "status": 502}, Status.AMBIGUOUS, "answer_lost"),
        ({"do": "drop"}, Status.AMBIGUOUS, "answer_lost"),
        ({"do": "status", "status": 400}, Status.PERMANENT, "bad_request"),
        ({"do": "status", "status": 404}, Status.PERMANENT, "not_found"),
    ],
)
def test_a_send_that_fails_says_whether_it_may_have_happened(
    sandbox, account, chat_id, fault, status, code
):
    sandbox.fault("avito.sendMessage", times=1, **fault)
    outcome = avito_call(account.sender, "send_text", chat_id=chat_id, text="once")
    assert (outcome.status, outcome.code) == (status, code)
    assert messages(sandbox, chat_id) == []


def test_an_answer_that_does_not_come_leaves_it_open(sandbox, account, chat_id, impatient):
    sandbox.fault("avito.sendMessage", "timeout_after", seconds=3, times=1)
    outcome = avito_call(account.sender, "send_text", chat_id=chat_id, text="perhaps")
    assert outcome.status is Status.AMBIGUOUS
    assert messages(sandbox, chat_id) == ["perhaps"]


@pytest.mark.parametrize("method", ["mark_read", "get_chat"])
def test_what_does_no_harm_twice_is_simply_tried_again(sandbox, account, chat_id, method):
    sandbox.fault("avito.*", "status", status=502, times=5)
    outcome = avito_call(account.sender, method, chat_id=chat_id)
    assert (outcome.status, outcome.code) == (Status.RETRY, "no_answer")


def test_a_refused_connection_was_surely_not_sent(account, chat_id, settings):
    settings.AVITO_API_BASE = "http://127.0.0.1:1/avito"
    outcome = avito_call(account.sender, "send_text", chat_id=chat_id, text="never")
    assert (outcome.status, outcome.code) == (Status.RETRY, "no_answer")


def test_a_refusal_for_pace_waits_as_told_or_ever_longer(sandbox, account, chat_id):
    sandbox.fault("avito.sendMessage", "status", status=429, retry_after=9, times=1)
    told = avito_call(account.sender, "send_text", chat_id=chat_id, text="x")
    assert (told.status, told.retry_after, told.whole_sender) == (Status.LIMITED, 9.0, False)
    error = http.TooManyRequestsError("avito", retry_after=None)
    waits = [sender._backoff(account.pk, error) for _ in range(8)]
    assert 2 <= waits[0] < 2.5
    assert 4 <= waits[1] < 5
    assert 60 <= waits[-1] <= 72
    assert avito_call(account.sender, "get_chat", chat_id=chat_id).status is Status.SENT
    assert sender._backoff(account.pk, error) < 2.5


@pytest.mark.parametrize(("status", "code"), [(402, "no_subscription"), (403, "bad_credentials")])
def test_an_account_that_avito_refuses_is_held_and_its_owner_told_once(
    sandbox, account, chat_id, refusals, status, code
):
    sandbox.fault("avito.sendMessage", "status", status=status, times=2)
    for _ in range(2):
        outcome = avito_call(account.sender, "send_text", chat_id=chat_id, text="x")
        assert (outcome.status, outcome.code) == (Status.LIMITED, code)
        assert (outcome.whole_sender, outcome.retry_after) == (True, 3600)
    account.refresh_from_db()
    assert account.status == code
    assert refusals == [(account.organization, code)]
    assert IntegrationLog.objects.filter(event=code, level="error").count() == 1


def test_a_token_that_died_early_is_renewed_once_and_the_call_made(sandbox, account, chat_id):
    before = len(sandbox.calls("avito.token"))
    sandbox.fault("avito.sendMessage", "status", status=401, times=1)
    outcome = avito_call(account.sender, "send_text", chat_id=chat_id, text="hello")
    assert outcome.status is Status.SENT
    assert len(sandbox.calls("avito.token")) == before + 1
    assert messages(sandbox, chat_id) == ["hello"]


def test_credentials_that_are_refused_stop_the_account(sandbox, account, chat_id, refusals):
    forget_tokens()
    AvitoAccount.objects.update(token_expires_at=timezone.now())
    sandbox.fault("avito.token", "status", status=401, times=9)
    outcome = avito_call(account.sender, "send_text", chat_id=chat_id, text="x")
    assert (outcome.status, outcome.code) == (Status.LIMITED, "bad_credentials")
    sandbox.clear_faults()
    off = avito_call(account.sender, "send_text", chat_id=chat_id, text="x")
    assert (off.code, off.whole_sender) == ("bad_credentials", True)
    assert refusals == [(account.organization, "bad_credentials")]
    assert messages(sandbox, chat_id) == []


def test_thirty_who_need_a_token_ask_for_it_once(sandbox, account):
    before = len(sandbox.calls("avito.token"))
    AvitoAccount.objects.update(token_expires_at=timezone.now() + timedelta(minutes=4))
    sandbox.fault("avito.token", "slow", seconds=0.5, times=1)

    def ask(_number):
        forget_tokens()
        try:
            return avito_tokens.access(account.pk).token
        finally:
            connection.close()

    with ThreadPoolExecutor(30) as pool:
        tokens = set(pool.map(ask, range(30)))
    assert len(tokens) == 1
    assert len(sandbox.calls("avito.token")) == before + 1


def test_tokens_are_sealed_and_a_fresh_process_needs_no_new_one(sandbox, account):
    entry = avito_tokens.access(account.pk)
    forget_tokens()
    asked = len(sandbox.calls("avito.token"))
    assert avito_tokens.access(account.pk).token == entry.token
    assert len(sandbox.calls("avito.token")) == asked
    account.refresh_from_db()
    assert account.sealed_access_token.startswith("dps1.")
    assert entry.token not in account.sealed_access_token
    day = account.token_expires_at - timezone.now()
    assert timedelta(hours=23) < day <= timedelta(days=1)


def test_an_account_that_is_off_or_gone_is_not_called(sandbox, account, chat_id):
    forget_tokens()
    AvitoAccount.objects.update(status=AvitoAccount.Status.INACTIVE)
    off = avito_call(account.sender, "send_text", chat_id=chat_id, text="x")
    assert (off.status, off.code, off.whole_sender) == (Status.LIMITED, "sender_inactive", True)
    gone = avito_call(nobody("avito"), "send_text", chat_id=chat_id, text="x")
    assert (gone.status, gone.code) == (Status.PERMANENT, "sender_gone")
    assert sandbox.calls("avito.sendMessage") == []


def test_only_what_writes_spends_a_chats_allowance(settings):
    settings.AVITO_PER_SECOND, settings.AVITO_CHAT_PER_SECOND = 5, 1
    delivery = SimpleNamespace(sender="avito:x")
    text = Call("send_text", {"chat_id": "c~1", "text": "x"})
    assert sender.limits(delivery, text) == [
        Limit("avito:x", 5, 1.0),
        Limit("avito:x:c~1", 1, 1.0),
    ]
    assert sender.limits(delivery, Call("mark_read", {"chat_id": "c~1"})) == [
        Limit("avito:x", 5, 1.0)
    ]


@pytest.mark.parametrize("wrap", [list, lambda found: {"messages": found, "meta": {}}])
def test_messages_come_oldest_first_from_either_shape(monkeypatch, wrap):
    newest_first = [{"id": i, "created": c} for i, c in (("a", 3), ("b", 2), ("z", 2), ("c", 2))]
    client = avito.AvitoClient("t", user_id=1)
    monkeypatch.setattr(client, "_call", lambda *_, **__: wrap(newest_first))
    assert [message["id"] for message in client.list_messages("c")] == ["c", "z", "b", "a"]


def test_connecting_asks_avito_who_it_is_and_subscribes(sandbox, account):
    assert account.status == "active"
    state = sandbox.control("state")["avito"]["accounts"]
    assert [row["user_id"] for row in state] == [account.avito_user_id]
    urls = sandbox_webhooks(sandbox, account)
    assert len(urls) == 1
    assert urls[0].startswith(f"http://127.0.0.1:9/api/webhooks/avito/{account.pk}/")
    secret = urls[0].rpartition("/")[2]
    assert bytes(account.webhook_path_hash) == avito_accounts.hash_secret(secret)
    assert "secret-of" not in account.sealed_client_secret


def test_subscribing_anew_takes_the_old_address_away(sandbox, account):
    before = sandbox_webhooks(sandbox, account)
    foreign = "https://elsewhere.example/hook"
    avito_tokens.access(account.pk).client.subscribe(foreign)
    avito_accounts.subscribe(account)
    after = sandbox_webhooks(sandbox, account)
    assert foreign in after
    assert len(after) == 2
    assert before[0] not in after


def sandbox_webhooks(sandbox, account):
    subscriptions = avito_tokens.access(account.pk).client.list_subscriptions()
    return [subscription["url"] for subscription in subscriptions]


def test_wrong_keys_and_a_taken_account_are_refused(
    sandbox, account, organization, other_organization
):
    keys = {"api_client_id": "client-1", "api_client_secret": "wrong"}
    with pytest.raises(InputError) as refusal:
        avito_accounts.create_avito_account(actor=None, organization=organization, name="x", **keys)
    assert refusal.value.error_code == "credentials_refused"
    assert refusal.value.fields[0].field == "api_client_secret"
    keys["api_client_secret"] = "secret-of-client-1"
    with pytest.raises(ConflictError) as taken:
        avito_accounts.create_avito_account(
            actor=None, organization=other_organization, name="x", **keys
        )
    assert taken.value.error_code == "account_taken"
    assert AvitoAccount.objects.count() == 1


def test_an_avito_that_is_silent_leaves_nothing_behind(sandbox, organization, settings):
    settings.AVITO_API_BASE = "http://127.0.0.1:1/avito"
    with pytest.raises(OutsideTimeoutError):
        avito_accounts.create_avito_account(
            actor=None,
            organization=organization,
            name="x",
            api_client_id="a",
            api_client_secret="b",
        )
    assert not AvitoAccount.objects.exists()


def test_a_bot_of_somebody_else_cannot_relay(
    sandbox, account, other_organization, owner, bot_token
):
    foreign = connect_bot(other_organization, sandbox, bot_token)
    with pytest.raises(NotFoundError):
        avito_accounts.update_avito_account(
            actor=owner, account=account, changes=AvitoAccountChanges(bot=foreign)
        )
    account.refresh_from_db()
    assert account.bot is None


def test_new_keys_switch_a_refused_account_on_and_set_its_sends_free(sandbox, account, owner):
    avito_accounts.mark_refused(account_id=account.pk, status="bad_credentials", text="401")
    place_hold(key=account.sender, seconds=3600, reason="bad_credentials")
    changes = AvitoAccountChanges(api_client_secret="secret-of-client-1")
    avito_accounts.update_avito_account(actor=owner, account=account, changes=changes)
    account.refresh_from_db()
    assert account.status == "active"
    assert account.last_error == ""
    assert not Hold.objects.exists()


def test_keys_of_another_account_are_refused(sandbox, account, owner):
    sandbox.control("avito/accounts", {"client_id": "client-2", "client_secret": "other"})
    changes = AvitoAccountChanges(api_client_id="client-2", api_client_secret="other")
    with pytest.raises(InputError) as refusal:
        avito_accounts.update_avito_account(actor=owner, account=account, changes=changes)
    assert refusal.value.error_code == "other_account"
    account.refresh_from_db()
    assert account.api_client_id == "client-1"


def test_switching_off_and_deleting_end_the_subscription(sandbox, account, owner):
    client = avito_tokens.access(account.pk).client
    off = AvitoAccountChanges(is_active=False)
    account = avito_accounts.update_avito_account(actor=owner, account=account, changes=off)
    assert client.list_subscriptions() == []
    on = AvitoAccountChanges(is_active=True)
    account = avito_accounts.update_avito_account(actor=owner, account=account, changes=on)
    assert len(client.list_subscriptions()) == 1
    avito_accounts.delete_avito_account(actor=owner, account=account)
    assert client.list_subscriptions() == []
    assert not AvitoAccount.objects.exists()
    assert not Bot.objects.exists()
