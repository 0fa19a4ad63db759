"""Over which channel a notice comes, and what a refusal costs: as the sandbox's Telegram saw it."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Delivery, Hold
from integrations.services import inbox, pump
from integrations.services.calls import Ambiguity
from integrations.services.outbox import deliver
from notifications.models import ChannelAddress, Preference
from notifications.services import notify, planning, register_notification
from notifications.services.kinds import kinds
from notifications.tests.conftest import PERSON
from notifications.tests.test_notifications import (
    address,
    send_all,
    states,
    take_updates,
    told,
)

KIND, ONCE = "tests.way", "tests.way_once"
SEND = "telegram.sendMessage"


@pytest.fixture(autouse=True)
def _kinds():
    if KIND not in kinds:
        words = {"subject": "Look", "text": "<b>%(name)s</b>"}
        register_notification(KIND, **words, path="/account/security")
        register_notification(ONCE, **words, on_ambiguous=Ambiguity.AT_MOST_ONCE)


def tell(person, key="k", kind=KIND, **context):
    return notify(kind=kind, recipient=person, context={"name": key, **context}, dedup_key=key)


def wish_for(person, **wishes) -> None:
    Preference.objects.update_or_create(user=person, defaults=wishes)


def sends(sandbox) -> list[dict]:
    return [call for call in sandbox.calls(SEND) if call["params"]["chat_id"] == PERSON]


def test_a_button_opens_the_right_page(reader, sandbox, bot_token, settings, mailbox):
    """Pages of the Mini App open in it, any other where the person is signed in."""
    tell(reader, "one", path="/configs/7?x=1")
    tell(reader, "two")
    tell(reader, "three", path="//evil.example/")
    send_all()
    markups = [call["params"].get("reply_markup") for call in sends(sandbox)]
    buttons = [json.loads(m) if isinstance(m, str) else m for m in markups]
    site = settings.SITE_URL
    shown = [b and b["inline_keyboard"][0][0] for b in buttons]
    assert shown == [
        {"text": "Open", "web_app": {"url": f"{site}/app?to=/configs/7%3Fx%3D1"}},
        {"text": "Open", "url": f"{site}/account/security"},
        None,
    ]
    assert f"{site}/configs/7?x=1" in mailbox()[0]["text"]


def test_a_button_that_telegram_refuses_is_written_out(reader, sandbox, bot_token, settings):
    refusal = "Bad Request: inline keyboard button URL is invalid"
    sandbox.fault(SEND, "error", error=refusal, where={"parse_mode": "HTML"})
    tell(reader)
    send_all()
    assert told(sandbox, bot_token) == [f"k\nOpen: {settings.SITE_URL}/account/security"]


def test_the_next_channel_is_tried_where_the_first_fails(reader, sandbox, bot_token, mailbox):
    wish_for(reader, reach="first")
    sandbox.control("telegram/block", {"bot": bot_token, "user": PERSON})
    tell(reader, "one")
    tell(reader, "two")
    planning.plan_due()
    assert [row.kind for row in Delivery.objects.all()] == ["notifications.telegram"] * 2
    send_all()
    assert states("telegram") == ["dead", "cancelled"]
    assert [letter["text"].split()[0] for letter in mailbox()] == ["one", "two"]
    assert len(sends(sandbox)) == 1
    send_all()
    assert states("email") == ["sent", "sent"]


def test_the_first_channel_alone_is_enough_where_it_works(reader, sandbox, bot_token, mailbox):
    wish_for(reader, reach="first")
    tell(reader)
    send_all()
    send_all()
    assert (states("telegram"), states("email"), mailbox()) == (["sent"], [], [])


def test_a_refusal_that_may_pass_does_not_hold_up_the_next_channel(reader, sandbox, mailbox):
    wish_for(reader, reach="first")
    refusal = "Forbidden: bot can't send messages to the user"
    sandbox.fault(SEND, "error", status=403, error=refusal)
    tell(reader)
    send_all()
    assert (states("telegram"), states("email")) == (["dead"], ["sent"])
    assert (address(reader).strikes, address(reader).state) == (1, "active")


def test_what_came_too_late_for_one_channel_is_too_late_for_the_next(reader, sandbox):
    wish_for(reader, reach="first")
    tell(reader)
    planning.plan_due()
    Delivery.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    send_all()
    assert (states("telegram"), states("email")) == (["dead"], [])


def test_a_block_costs_one_call_until_the_next_start(reader, sandbox, bot_token):
    sandbox.control("telegram/block", {"bot": bot_token, "user": PERSON})
    for number in range(10):
        tell(reader, f"k{number}")
    planning.plan_due()
    for _ in range(3):
        pump.drain("telegram")
    tell(reader, "later")
    send_all()
    assert len(sends(sandbox)) == 1
    assert address(reader).state == ChannelAddress.State.BLOCKED

    sandbox.control("telegram/unblock", {"bot": bot_token, "user": PERSON})
    start = {"bot": bot_token, "chat_id": PERSON, "user": PERSON, "text": "/start"}
    sandbox.control("telegram/say", start)
    take_updates(count=3)
    inbox.drain()
    tell(reader, "back")
    send_all()
    assert "back" in told(sandbox, bot_token)


def test_a_bot_that_is_too_fast_waits_and_another_goes_on(
    reader, sandbox, bot_token, make_bot, organization
):
    other = make_bot(organization)
    sandbox.control("telegram/bots", {"token": other.token, "username": "other_bot"})
    start = {"bot": other.token, "chat_id": PERSON, "user": PERSON, "text": "hello"}
    sandbox.control("telegram/say", start)
    sandbox.fault(SEND, "status", status=429, retry_after=30, where={"chat_id": PERSON}, times=1)
    tell(reader)
    planning.plan_due()
    pump.drain("telegram")
    assert states("telegram") == ["retry"]
    held = Hold.objects.get()
    assert bot_token.split(":")[0] in sandbox.calls(SEND)[0]["account"]
    assert (held.until - timezone.now()).total_seconds() > 25

    theirs = deliver(
        kind="notifications.telegram",
        sender=other.bot.sender,
        lane="another",
        budget_key=f"{other.bot.sender}:{PERSON}",
        payload=Delivery.objects.first().payload,
        idempotency_key="another",
    )
    pump.drain("telegram")
    theirs.refresh_from_db()
    assert theirs.state == "sent"
    assert Delivery.objects.exclude(pk=theirs.pk).get(kind="notifications.telegram").attempts == 0


@pytest.mark.parametrize(("kind", "state"), [(KIND, "sent"), (ONCE, "ambiguous")])
def test_an_unclear_outcome_is_sent_again_only_where_twice_is_better_than_never(
    kind, state, reader, sandbox, bot_token
):
    sandbox.fault(SEND, "timeout_after", times=1)
    tell(reader, kind=kind)
    planning.plan_due()
    pump.drain("telegram")
    Delivery.objects.filter(state="ambiguous").update(not_before=timezone.now())
    pump.drain("telegram")
    row = Delivery.objects.get(kind__startswith="notifications.telegram")
    assert (row.state, row.needs_person, row.uncertain) == (state, kind == ONCE, kind == KIND)
    assert len(told(sandbox, bot_token)) == (1 if kind == ONCE else 2)
