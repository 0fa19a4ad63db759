"""Every way in which a Bot API call can end, on a real socket."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from django.db import connection

from integrations.models import Bot, IntegrationLog
from integrations.services import bots, secrets
from integrations.services.calls import Call, Limit, Status
from integrations.signals import bot_token_refused
from integrations.telegram import client, request, sender
from integrations.telegram.limits import limits
from integrations.tests.wires import connect_bot, nobody, open_group, telegram_call

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bot(organization, sandbox, bot_token):
    return connect_bot(organization, sandbox, bot_token)


@pytest.fixture
def group(sandbox, bot, bot_token):
    rights = {"can_manage_topics": True, "can_pin_messages": True}
    return open_group(sandbox, bot_token, rights=rights)


def sent_texts(sandbox, chat_id):
    chat = sandbox.control(f"telegram/chats/{chat_id}")
    return [message["text"] for message in chat["messages"] if message.get("text")]


def test_a_call_by_name_returns_the_answer(sandbox, bot, group):
    topic = telegram_call(bot.sender, "createForumTopic", chat_id=group, name="Bicycle")
    assert topic.status is Status.SENT
    thread_id = topic.result["message_thread_id"]
    markup = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}
    sent = telegram_call(
        bot.sender,
        "sendMessage",
        chat_id=group,
        message_thread_id=thread_id,
        text="Привет",
        reply_markup=markup,
    )
    assert sent.status is Status.SENT
    assert sent.result["text"] == "Привет"
    assert sent.result["message_thread_id"] == thread_id
    assert sent.result["reply_markup"] == markup
    assert sent_texts(sandbox, group) == ["Привет"]


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"do": "status", "status": 502}, Status.RETRY, "server_fault"),
        ({"do": "status", "status": 500}, Status.RETRY, "server_fault"),
        ({"do": "drop"}, Status.AMBIGUOUS, "answer_lost"),
        ({"do": "status", "status": 404}, Status.PERMANENT, "no_such_method"),
        ({"do": "status", "status": 409}, Status.LIMITED, "conflict"),
    ],
)
def test_a_fault_on_the_way_is_told_by_its_name(sandbox, bot, group, fault, status, code):
    sandbox.fault("telegram.sendMessage", times=1, **fault)
    outcome = telegram_call(bot.sender, "sendMessage", chat_id=group, text="once")
    assert (outcome.status, outcome.code) == (status, code)
    assert sent_texts(sandbox, group) == []


def test_an_answer_that_does_not_come_leaves_it_open_whether_it_was_sent(
    sandbox, bot, group, monkeypatch
):
    monkeypatch.setattr(request, "READ_SECONDS", 0.5)
    sandbox.fault("telegram.sendMessage", "timeout_after", seconds=3, times=1)
    began = time.monotonic()
    outcome = telegram_call(bot.sender, "sendMessage", chat_id=group, text="perhaps")
    assert (outcome.status, outcome.code) == (Status.AMBIGUOUS, "answer_lost")
    assert time.monotonic() - began < 2
    assert sent_texts(sandbox, group) == ["perhaps"]


def test_a_refused_connection_was_surely_not_sent(sandbox, bot, settings):
    settings.TELEGRAM_API_BASE = "http://127.0.0.1:1/telegram"
    outcome = telegram_call(bot.sender, "sendMessage", chat_id=1, text="never")
    assert (outcome.status, outcome.code) == (Status.RETRY, "not_connected")
    assert "127.0.0.1" not in outcome.text


def test_a_change_to_what_is_so_already_counts_as_made(sandbox, bot, group):
    sent = telegram_call(bot.sender, "sendMessage", chat_id=group, text="the same")
    number = sent.result["message_id"]
    outcome = telegram_call(
        bot.sender, "editMessageText", chat_id=group, message_id=number, text="the same"
    )
    assert (outcome.status, outcome.code) == (Status.SENT, "not_modified")


@pytest.mark.parametrize(("given", "waits"), [({"retry_after": 17}, 17.0), ({}, 1.0)])
def test_a_refusal_for_pace_says_how_long(sandbox, bot, group, given, waits):
    sandbox.fault("telegram.sendMessage", "status", status=429, times=1, **given)
    outcome = telegram_call(bot.sender, "sendMessage", chat_id=group, text="later")
    assert (outcome.status, outcome.code) == (Status.LIMITED, "limited")
    assert outcome.retry_after >= waits
    assert not outcome.whole_sender


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("Bad Request: message thread not found", "thread_not_found"),
        ("Bad Request: TOPIC_CLOSED", "topic_closed"),
        ("Bad Request: chat not found", "chat_not_found"),
        ("Bad Request: not enough rights to send text messages to the chat", "not_enough_rights"),
        ("Bad Request: can't parse entities: unclosed tag", "bad_markup"),
        ("Bad Request: message is too long", "too_long"),
        ("Bad Request: something nobody has seen", "bad_request"),
        ("Forbidden: bot was blocked by the user", "bot_blocked"),
        ("Forbidden: bot was kicked from the supergroup chat", "bot_kicked"),
        ("Forbidden: user is deactivated", "user_deactivated"),
        ("Forbidden: bot can't initiate conversation with a user", "never_started"),
        ("Forbidden: a new reason", "forbidden"),
    ],
)
def test_a_refusal_is_permanent_and_has_a_stable_name(sandbox, bot, group, error, code):
    status = 403 if error.startswith("Forbidden") else 400
    sandbox.fault("telegram.sendMessage", "error", error=error, status=status, times=1)
    outcome = telegram_call(bot.sender, "sendMessage", chat_id=group, text="no")
    assert (outcome.status, outcome.code) == (Status.PERMANENT, code)
    assert outcome.text.lower() in error.lower()
    assert len(outcome.text) > 5
    assert sent_texts(sandbox, group) == []


def test_what_people_do_has_its_name_too(sandbox, bot, bot_token, group):
    closed = telegram_call(bot.sender, "createForumTopic", chat_id=group, name="Closed").result
    place = {"chat_id": group, "thread_id": closed["message_thread_id"]}
    sandbox.control("telegram/delete_topic", place)
    gone = telegram_call(
        bot.sender,
        "sendMessage",
        chat_id=group,
        message_thread_id=closed["message_thread_id"],
        text="hello",
    )
    assert gone.code == "thread_not_found"
    moved = sandbox.control("telegram/migrate", {"chat_id": group})
    outcome = telegram_call(bot.sender, "sendMessage", chat_id=group, text="hello")
    assert (outcome.status, outcome.code) == (Status.PERMANENT, "chat_migrated")
    assert outcome.changes == {"chat_id": moved["chat_id"]}
    sandbox.control("telegram/kick", {"bot": bot_token, "chat_id": moved["chat_id"]})
    kicked = telegram_call(bot.sender, "sendMessage", chat_id=moved["chat_id"], text="hello")
    assert kicked.code == "bot_kicked"
    strange = telegram_call(bot.sender, "sendMessage", chat_id=424_242, text="hello")
    assert strange.code in {"never_started", "chat_not_found"}


def test_a_refused_token_switches_the_bot_off_once_and_holds_it(sandbox, bot, group):
    heard = []

    def listen(organization, account, **_):
        heard.append((organization, account))

    bot_token_refused.connect(listen)
    sandbox.fault("telegram.sendMessage", "error", status=401, error="Unauthorized", times=1)
    try:
        first = telegram_call(bot.sender, "sendMessage", chat_id=group, text="one")
        second = telegram_call(bot.sender, "sendMessage", chat_id=group, text="two")
    finally:
        bot_token_refused.disconnect(listen)
    for outcome in (first, second):
        assert (outcome.status, outcome.code) == (Status.LIMITED, "bad_token")
        assert (outcome.whole_sender, outcome.retry_after) == (True, 3600)
    bot.refresh_from_db()
    assert bot.status == Bot.Status.BAD_TOKEN
    assert heard == [(bot.organization, bot)]
    assert len(sandbox.calls("telegram.sendMessage")) == 1
    entry = IntegrationLog.objects.get(event="token_refused")
    assert (entry.level, entry.account_id) == ("error", bot.pk)


def test_a_refusal_of_a_token_that_was_changed_meanwhile_changes_nothing(sandbox, bot):
    bots.mark_token_refused(bot_id=bot.pk, token="1:another", text="Unauthorized")
    bot.refresh_from_db()
    assert bot.status == Bot.Status.ACTIVE
    assert not IntegrationLog.objects.filter(event="token_refused").exists()


def test_a_bot_that_is_off_is_not_called_and_one_that_is_gone_never_will_be(sandbox, bot):
    Bot.objects.filter(pk=bot.pk).update(status=Bot.Status.INACTIVE)
    off = telegram_call(bot.sender, "sendMessage", chat_id=1, text="no")
    assert (off.status, off.code, off.whole_sender) == (Status.LIMITED, "sender_inactive", True)
    gone = telegram_call(nobody("bot"), "sendMessage", chat_id=1, text="no")
    assert (gone.status, gone.code) == (Status.PERMANENT, "sender_gone")
    assert sandbox.calls("telegram.sendMessage") == []


def test_a_token_that_cannot_be_opened_waits(sandbox, bot, settings):
    settings.SECRETS_KEYS = "k9:" + "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk="
    outcome = telegram_call(bot.sender, "sendMessage", chat_id=1, text="no")
    assert (outcome.status, outcome.code) == (Status.RETRY, "secrets_unavailable")


def test_a_burst_looks_the_bot_up_once_and_shares_its_connections(sandbox, bot, group, monkeypatch):
    looked = []
    read = client._read_token
    monkeypatch.setattr(client, "_read_token", lambda *a: looked.append(a) or read(*a))

    async def burst():
        calls = [Call("sendChatAction", {"chat_id": group, "action": "typing"})] * 30
        try:
            return await asyncio.gather(*(sender.send(bot.sender, call) for call in calls))
        finally:
            await client.close()

    outcomes = asyncio.run(burst())
    assert {outcome.status for outcome in outcomes} == {Status.SENT}
    assert len(looked) == 1


def test_a_changed_token_is_used_within_seconds(sandbox, bot, bot_token, monkeypatch):
    monkeypatch.setattr(client, "FRESH_SECONDS", 0.0)
    other = "778899001:AAanother-bot-altogether-0000000000"
    sandbox.control("telegram/bots", {"token": other, "username": "new_bot"})

    async def change_between():
        try:
            await sender.send(bot.sender, Call("getMyCommands"))
            await asyncio.to_thread(_store, bot, secrets.seal(bots.token_ref(bot), other))
            await sender.send(bot.sender, Call("getMyCommands"))
        finally:
            await client.close()

    asyncio.run(change_between())
    assert [call["account"] for call in sandbox.calls("telegram.getMyCommands")] == [
        bot_token,
        other,
    ]


def _store(bot, sealed):
    Bot.objects.filter(pk=bot.pk).update(sealed_token=sealed)
    connection.close()


REAL = {
    "TELEGRAM_BOT_PER_SECOND": 30,
    "TELEGRAM_CHAT_PER_SECOND": 1,
    "TELEGRAM_GROUP_PER_MINUTE": 20,
}


@pytest.mark.parametrize(
    ("method", "chat_id", "keys"),
    [
        ("getMe", None, {""}),
        ("sendChatAction", -5, {""}),
        ("sendMessage", 5, {"", ":5:s"}),
        ("sendMessage", -5, {"", ":-5:s", ":-5:m"}),
        ("sendMessage", "@shop", {"", ":@shop:s", ":@shop:m"}),
        ("copyMessage", -5, {"", ":-5:s", ":-5:m"}),
        ("editMessageText", -5, {"", ":-5:m"}),
        ("editMessageText", 5, {""}),
        ("createForumTopic", -5, {"", ":-5:m"}),
        ("closeForumTopic", -5, {"", ":-5:m"}),
        ("deleteMessage", -5, {""}),
    ],
)
def test_a_call_spends_what_telegram_counts(settings, method, chat_id, keys):
    for name, value in REAL.items():
        setattr(settings, name, value)
    params = {} if chat_id is None else {"chat_id": chat_id}
    found = limits(SimpleNamespace(sender="bot:x"), Call(method, params))
    assert {limit.key.removeprefix("bot:x") for limit in found} == keys | {":all-air"}


def test_the_rates_are_those_of_the_settings(settings):
    for name, value in REAL.items():
        setattr(settings, name, value)
    delivery, call = SimpleNamespace(sender="bot:x"), Call("sendMessage", {"chat_id": -5})
    assert list(limits(delivery, call)) == [
        Limit("bot:x", 30, 1.0, burst=10),
        Limit("bot:x:all-air", 20, 0),
        Limit("bot:x:-5:s", 1, 1.0),
        Limit("bot:x:-5:m", 20, 60.0),
    ]
    settings.TELEGRAM_CHAT_PER_SECOND = 0.5
    assert limits(delivery, call)[2] == Limit("bot:x:-5:s", 1, 2.0)
    settings.TELEGRAM_CHAT_PER_SECOND = 100
    assert limits(delivery, call)[2] == Limit("bot:x:-5:s", 100, 1.0)
    settings.TELEGRAM_BOT_PER_SECOND = 5
    assert limits(delivery, call)[0] == Limit("bot:x", 5, 1.0)
