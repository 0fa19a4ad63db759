"""Yandex Messenger as a person uses it: a code links it, notices come, /stop ends it."""

import re
from datetime import timedelta

import pytest
from django.conf import settings as site_settings
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import AuditEvent
from integrations.models import Delivery, InboundEvent
from integrations.services import inbox, pump, yandex_bot
from notifications.models import ChannelAddress, ChannelCode
from notifications.services import notify, planning, register_notification
from notifications.services.kinds import kinds
from notifications.services.yandex_linking import link_by_code, make_code, read_code
from notifications.services.yandex_talk import WRONG_CODES

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "y0_token-of-the-tests"
ANNA = "anna@example.org"
PAGE = "/account/notifications/yandex"
KIND = "tests.yandex"
State = ChannelAddress.State


@pytest.fixture(autouse=True)
def _kind():
    if KIND not in kinds:
        register_notification(
            KIND, subject=gettext_lazy("Sign in"), text="Order <b>%(name)s</b>", path="/account"
        )


@pytest.fixture
def messenger(sandbox, settings):
    settings.YANDEX_BOT_TOKEN = TOKEN
    settings.SITE_URL = "https://site.example.org"
    sandbox.control("yandex/bots", {"token": TOKEN, "display_name": "Depesha"})
    sandbox.control("yandex/users", {"login": ANNA})
    yandex_bot.poll_due()
    return sandbox


@pytest.fixture
def linked(messenger, owner):
    link_by_code(code=read_code(make_code(owner).code), login=ANNA)
    return owner


def say(messenger, text, login=ANNA, **more):
    """Let a person write, and return what the bot says to it."""
    before = len(answers(messenger, login)) if login == ANNA else 0
    messenger.control("yandex/say", {"login": login, "text": text, **more})
    work()
    return answers(messenger, login)[before:]


def work():
    yandex_bot.poll_due()
    inbox.drain()
    planning.plan_due()
    pump.drain("yandex")


def answers(messenger, login=ANNA):
    messages = messenger.control(f"yandex/chats/{login}")["messages"]
    return [m["text"] for m in messages if m["from"] == "bot"]


def state_of(person):
    return ChannelAddress.objects.get(user=person, channel="yandex").state


def tell(person, key="k", **context):
    notify(kind=KIND, recipient=person, context={"name": "7", **context}, dedup_key=key)
    work()


def code_on(page):
    return re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", page.content.decode())[0]


def test_a_code_from_the_page_links_and_notices_come(messenger, owner, page):
    tab = page(owner)
    assert "Get a code" in tab.get(PAGE).content.decode()
    answer = tab.post(PAGE)
    assert "no-store" in answer["Cache-Control"]
    code = code_on(answer)
    assert tab.get(f"{PAGE}/state?known=").status_code == 204
    # As people type it: without the hyphen, in small letters.
    (said,) = say(messenger, code.replace("-", " ").lower())
    assert said == "Done: the notifications of Olga come here now. /stop ends that."
    assert tab.get(f"{PAGE}/state?known=")["HX-Redirect"] == PAGE
    assert ANNA in tab.get(PAGE).content.decode()
    tell(owner)
    assert answers(messenger)[-1] == "Order 7\n\nOpen: https://site.example.org/account"
    delivery = Delivery.objects.get(kind="notifications.yandex")
    assert (delivery.channel, delivery.state) == ("yandex", "sent")
    assert AuditEvent.objects.filter(action="user.yandex_linked", actor=owner).exists()


def test_a_code_is_not_kept_and_works_once(messenger, owner, stranger):
    code = make_code(owner).code
    row = ChannelCode.objects.get()
    assert code.replace("-", "").encode() not in bytes(row.code_hash)
    assert say(messenger, code)[0].startswith("Done")
    assert not ChannelCode.objects.exists()
    messenger.control("yandex/users", {"login": "else@example.org"})
    (said,) = say(messenger, code, login="else@example.org")
    assert said.startswith(("Код не подходит", "This code does not fit"))
    assert ChannelAddress.objects.filter(channel="yandex").count() == 1


def test_a_new_code_takes_the_place_of_the_old_one(messenger, owner):
    old, new = make_code(owner).code, make_code(owner).code
    assert link_by_code(code=read_code(old), login=ANNA) is None
    assert link_by_code(code=read_code(new), login=ANNA) == owner


def test_an_old_code_and_a_banned_person_s_open_nothing(messenger, owner, stranger):
    code = make_code(owner).code
    ChannelCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert link_by_code(code=read_code(code), login=ANNA) is None
    code = make_code(stranger).code
    stranger.is_active = False
    stranger.save()
    assert link_by_code(code=read_code(code), login=ANNA) is None
    assert not ChannelAddress.objects.filter(channel="yandex").exists()


def test_guessing_ends_soon(messenger, owner):
    for number in range(WRONG_CODES):
        say(messenger, f"AAAA-AA{number // 5 + 2}{number % 5 + 2}")
    code = make_code(owner).code
    say(messenger, code)
    assert not ChannelAddress.objects.filter(channel="yandex").exists()
    # Another person is not kept waiting by that.
    messenger.control("yandex/users", {"login": "else@example.org"})
    say(messenger, code, login="else@example.org")
    assert ChannelAddress.objects.get(channel="yandex").address == "else@example.org"


def test_stop_parts_and_the_page_does_too(messenger, linked, page):
    assert say(messenger, "/stop") == ["Done: I will not write to you any more."]
    tell(linked)
    assert not Delivery.objects.filter(kind="notifications.yandex").exists()
    link_by_code(code=read_code(make_code(linked).code), login=ANNA)
    tab = page(linked)
    assert tab.post(f"{PAGE}/unlink").status_code == 302
    assert not ChannelAddress.objects.filter(channel="yandex").exists()
    assert tab.post(f"{PAGE}/unlink").status_code == 302
    assert AuditEvent.objects.filter(action="user.yandex_unlinked").count() == 2


@pytest.mark.parametrize("text", ["/start", "hello", "AAAA", "AAAA-BBBB-CCCC", "a" * 6000])
def test_anything_else_is_told_how_it_is_done(messenger, text):
    (said,) = say(messenger, text)
    assert f"https://site.example.org{PAGE}" in said


def test_who_is_linked_is_told_so_in_their_language(messenger, linked):
    (said,) = say(messenger, "hello")
    assert said == "You get the notifications of Olga here. /stop ends that."


def test_groups_and_other_bots_are_left_alone(messenger, owner):
    code = make_code(owner).code
    say(messenger, code, chat_type="group")
    assert not ChannelAddress.objects.filter(channel="yandex").exists()
    assert not Delivery.objects.exists()
    assert InboundEvent.objects.get().state == "done"


def test_an_update_that_is_handled_twice_is_answered_once(messenger, owner):
    say(messenger, make_code(owner).code)
    inbox.replay([InboundEvent.objects.get().pk])
    work()
    assert len(answers(messenger)) == 1
    assert state_of(owner) == State.ACTIVE


@pytest.mark.parametrize(
    ("person", "state"),
    [({"is_closed": True}, State.BLOCKED), ({"is_foreign": True}, State.BROKEN)],
)
def test_who_cannot_be_reached_is_left_alone_until_they_write(messenger, linked, person, state):
    messenger.control("yandex/users", {"login": ANNA, **person})
    tell(linked, "one")
    assert state_of(linked) == state
    tell(linked, "two")
    assert Delivery.objects.filter(kind="notifications.yandex").count() == 1
    messenger.control("yandex/users", {"login": ANNA, **dict.fromkeys(person, False)})
    say(messenger, "hello")
    assert state_of(linked) == State.ACTIVE
    tell(linked, "three")
    assert answers(messenger)[-1].startswith("Order 7")


def test_a_refusal_without_a_reason_is_a_strike(messenger, linked):
    messenger.fault("yandex.sendText", "status", status=403, times=1)
    tell(linked)
    assert state_of(linked) == State.ACTIVE
    assert ChannelAddress.objects.get(channel="yandex").strikes == 1
    assert Delivery.objects.get(kind="notifications.yandex").state == "retry"


def test_an_answer_that_was_lost_sends_nothing_twice(messenger, linked):
    messenger.fault("yandex.sendText", "timeout_after", seconds=0.05, times=1)
    tell(linked)
    Delivery.objects.update(not_before=timezone.now())
    pump.drain("yandex")
    assert Delivery.objects.get(kind="notifications.yandex").state == "sent"
    assert len(messenger.calls("yandex.sendText")) == 2
    assert len(answers(messenger)) == 1


def test_a_long_text_is_cut_and_keeps_its_page(messenger, linked):
    tell(linked, name="а" * 7000)
    (said,) = answers(messenger)
    assert len(said) == 6000
    assert said.endswith("…\n\nOpen: https://site.example.org/account")


def test_codes_are_limited(messenger, owner, page, settings):
    settings.RATE_LIMIT_ENABLED = True
    tab = page(owner)
    answers_ = [tab.post(PAGE).status_code for _ in range(11)]
    assert answers_ == [200] * 10 + [429]


def test_without_a_token_no_page_speaks_of_it(sandbox, owner, page):
    assert site_settings.YANDEX_BOT_TOKEN == ""
    tab = page(owner)
    assert "Yandex" not in tab.get("/account/notifications").content.decode()
    for path in (PAGE, f"{PAGE}/state"):
        assert tab.get(path).status_code == 404
    for path in (PAGE, f"{PAGE}/unlink"):
        assert tab.post(path).status_code == 404


def test_with_one_the_settings_offer_it(messenger, owner, page):
    text = page(owner).get("/account/notifications").content.decode()
    assert "Yandex Messenger" in text
    assert f'href="{PAGE}"' in text


def test_a_bot_that_has_not_told_of_itself_yet(sandbox, owner, page, settings):
    settings.YANDEX_BOT_TOKEN = "y0_not-met"
    assert "being set up" in page(owner).get(PAGE).content.decode()
