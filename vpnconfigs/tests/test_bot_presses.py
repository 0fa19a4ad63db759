"""Presses that must not do what they say: twice, too late, somebody else's, or nonsense."""

import base64
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.services.ledger import system_wallet, transfer, wallet_of
from integrations.models import Delivery, InboundEvent
from notifications.services.bot_screens import ANSWER_PRESS, SCREEN, prepare_screen
from vpnconfigs.bot.config_screens import show_configs, show_links, show_qr
from vpnconfigs.bot.data import press, short
from vpnconfigs.links.qr import render_qr
from vpnconfigs.models import Config, Purchase, Request
from vpnconfigs.selectors.links import links_of
from vpnconfigs.services.subscriptions import subscription_url
from vpnconfigs.tests.bot_chat import keys, labels

PRICE = 20_000


@pytest.fixture
def chat(make_chat):
    """The chat of somebody who has an account."""
    chat = make_chat()
    chat.say("/configs")
    return chat


@pytest.fixture
def month(make_tariff, inbound):
    return make_tariff("paid", price_kopecks=PRICE, name_en="Month")


def terms_of(chat, name="Month") -> dict:
    chat.press("Get a config", on=chat.say("/start"))
    return chat.press(name)


def test_two_taps_buy_once_and_a_later_purchase_is_another(chat, month, pay_in, balance):
    pay_in(chat.user, 3 * PRICE)
    terms = terms_of(chat)
    assert labels(terms)[0] == "Pay 200\xa0₽"
    chat.press("Pay", on=terms, times=2)
    assert (Config.objects.count(), balance(chat.user)) == (1, 2 * PRICE)

    # The same message again, with the terms of now.
    chat.press("Pay", on=terms_of(chat))
    assert (Config.objects.count(), balance(chat.user)) == (2, PRICE)


def test_nobody_pays_another_price_than_the_one_they_saw(chat, month, pay_in, balance):
    pay_in(chat.user, 2 * PRICE)
    terms = terms_of(chat)
    type(month).objects.update(price_kopecks=PRICE + 100)
    shown = chat.press("Pay", on=terms)
    assert "Something has changed" in shown["text"]
    assert labels(shown)[0] == "Pay 201\xa0₽"
    assert (Config.objects.count(), balance(chat.user)) == (0, 2 * PRICE)
    chat.press("Pay")
    assert balance(chat.user) == PRICE - 100


def test_money_that_was_spent_elsewhere_meanwhile_is_missing(chat, month, pay_in, make_config):
    pay_in(chat.user, PRICE)
    config = make_config(chat.user, tariff=month)
    chat.press("Renew", on=chat.press("🇳🇱 Phone", on=chat.say("/configs")))
    terms = chat.press("Month")
    transfer(
        kind="tests.spent",
        debit=wallet_of(chat.user),
        credit=system_wallet("dev"),
        amount_kopecks=PRICE,
        idempotency_key="tests.spent",
        reference="test",
    )
    refused = chat.press("Pay", on=terms)
    assert "That is not enough" in refused["text"]
    assert labels(refused)[0] == "Send the request"
    chat.press("Send the request")
    request = Request.objects.get()
    assert (request.kind, request.config, request.tariff) == ("renewal", config, month)
    assert "already" in chat.press_again(press("more", short(config.pk), short(month.pk)))["text"]
    config.refresh_from_db()
    assert (config.revision, Purchase.objects.count()) == (1, 0)


def test_where_there_is_a_choice_of_countries_one_is_asked_for(chat, make_inbound, tariff):
    make_inbound(country="NL")
    german = make_inbound(country="DE")
    asked = terms_of(chat, tariff.name)
    assert labels(asked)[:3] == ["Anywhere", "🇩🇪 Germany", "🇳🇱 Netherlands"]
    chat.press("🇩🇪 Germany")
    chat.press("Get it")
    assert Config.objects.get().inbound == german


def test_a_shop_without_room_says_so_and_staff_can_still_be_asked(chat, tariff):
    assert "no room" in terms_of(chat, tariff.name)["text"]
    chat.press("Ask the staff", on=chat.press("Get a config", on=chat.press("Menu")))
    assert "waits" not in chat.press("Send the request")["text"]
    assert (Request.objects.get().tariff, Config.objects.get().state) == (None, "requested")
    assert "already" in chat.press_again("vpn:ask:-:v:*")["text"]


def test_a_config_is_deleted_by_two_touches(chat, make_config):
    config = make_config(chat.user)
    chat.press("🇳🇱 Phone", on=chat.say("/configs"))
    chat.press("Delete")
    config.refresh_from_db()
    assert config.state == "active"
    assert "deleted" in chat.press("Yes, delete")["text"]
    config.refresh_from_db()
    assert config.state == "deleted"


def test_another_persons_config_is_not_there(chat, make_config, owner, month):
    config = make_config(owner)
    before = Config.objects.values().get()
    key, tariff = short(config.pk), short(month.pk)
    for verb in ("config", "links", "qr", "delete", "renew", "gone"):
        shown = chat.press_again(press(verb, key))
        assert shown["text"] == "There is nothing here.", verb
        assert labels(shown) == ["Menu"]
    for data in (
        press("renewal", key, tariff),
        press("pay", key, tariff, "stamp"),
        press("more", key, tariff),
    ):
        assert chat.press_again(data)["text"] == "There is nothing here.", data
    assert Config.objects.values().get() == before
    assert not Request.objects.exists()


def test_who_has_blocked_the_bot_loses_no_purchase(chat, month, pay_in, balance):
    pay_in(chat.user, PRICE)
    terms = terms_of(chat)
    chat.sandbox.control("telegram/block", {"bot": chat.token, "user": chat.person})
    chat.push(keys(terms)[0]["callback_data"], on=terms)
    assert (Config.objects.count(), balance(chat.user)) == (1, 0)


NONSENSE = [
    None, "", ":", "vpn", "vpn:", "vpn::", "vpn:nothing:", "vpn:config:", "vpn:config:x", "new:",
    "new:new:vpn:config:", "vpn:config:" + "é" * 22, "vpn:config:" + "=" * 22,
    "vpn:config:" + "-" * 22, "vpn:buy:", "vpn:buy:::::::", "vpn:buy:-:v:*:x", "vpn:pick:",
    "vpn:pick:-:x:*", "vpn:pick:-:v:NLD", "vpn:pick:-:v:nl", "vpn:ask:x:v:*",
    "vpn:pick:{tariff}:v:ZZ:x", "vpn:buy:{tariff}:v:ZZ:stamp", "vpn:buy:{tariff}:q:*:stamp",
    "vpn:pay:{tariff}:{tariff}:s", "vpn:pay:", "vpn:more::", "vpn:tell:", "vpn:tell:-1",
    "vpn:tell:99999999999999999999", "vpn:tell:1e3", "vpn:tell:²", "vpn:renewal:{tariff}",
    "vpn:offer:<b>", "language:xx", "notices:maybe", "menu:x", "settings", "x" * 4000, 7, [], {},
]  # fmt: skip


def test_no_press_is_a_fault_whatever_it_says(chat, tariff, inbound):
    for data in NONSENSE:
        said = data.format(tariff=short(tariff.pk)) if isinstance(data, str) else data
        chat.push(said)
    chat.push("vpn:config:x", message=None)
    chat.push("vpn:config:x", message={"chat": {"type": "private", "id": chat.person}})
    chat.push("vpn:config:x", **{"from": {"id": True}})
    chat.push("vpn:config:x", **{"from": None})
    assert not InboundEvent.objects.exclude(state="done").exists()
    assert not Config.objects.exists()
    assert not Purchase.objects.exists()
    screens = Delivery.objects.filter(kind=SCREEN)
    assert screens.count() > len(NONSENSE) // 2
    for screen in screens:
        prepared = prepare_screen(screen)
        assert prepared.method in ("sendMessage", "editMessageText")
        assert prepared.params["text"]
    answered = Delivery.objects.filter(kind=ANSWER_PRESS).values_list("payload__toast", flat=True)
    assert any("nothing any more" in toast for toast in answered)


def test_ids_fit_and_come_back():
    for number in (uuid.uuid4(), uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)):
        assert base64.urlsafe_b64decode(short(number) + "==") == number.bytes
        longest = press("renewal", short(number), short(number), "x" * 5)
        assert len(longest) <= 64


def test_who_is_banned_does_nothing(chat, make_config):
    config = make_config(chat.user, valid_to=timezone.now() + timedelta(days=1))
    User.objects.filter(pk=chat.user.pk).update(is_active=False)
    before = chat.last
    chat.press_again(press("gone", short(config.pk)))
    assert chat.last == before
    assert chat.toasts[-1] == "This account is blocked."
    config.refresh_from_db()
    assert config.state == "active"


def test_groups_hear_nothing_of_the_shop(chat, sandbox):
    group = sandbox.control("telegram/groups", {"title": "G", "bots": [chat.token]})["chat_id"]
    before = Delivery.objects.count()
    for text in ("/configs", "/support", "hello"):
        chat.say_in(group, text)
    assert Delivery.objects.count() == before


def test_screens_hold_what_is_longest_and_what_looks_like_markup(make_inbound, make_config, owner):
    inbound = make_inbound()
    inbound.stream["realitySettings"]["settings"]["mldsa65Verify"] = "a" * 3000
    inbound.save()
    config = make_config(owner, inbound=inbound, name="<i>&")
    (link,) = links_of(config)
    assert len(link) > 3000

    shown = show_links(owner, short(config.pk))
    assert "&lt;i&gt;&amp;" in shown.html
    assert link.replace("&", "&amp;") in shown.html
    assert len(unescape(shown.html)) < 4096
    # No code holds this link, so the picture is of the address.
    picture = show_qr(owner, short(config.pk))
    assert picture.picture == render_qr(subscription_url(config.subscription), kind="png")
    assert len(unescape(picture.html)) < 1024


def test_a_list_asks_no_more_for_many(make_config, owner, django_assert_num_queries):
    make_config(owner)
    with CaptureQueriesContext(connection) as few:
        show_configs(owner, "")
    for _number in range(4):
        make_config(owner)
    with django_assert_num_queries(len(few)):
        assert len(show_configs(owner, "").rows) == 5 + 2
