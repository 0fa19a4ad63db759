"""A customer's whole way by the platform's bot alone, in both languages."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services.telegram_people import obtain_person
from accounts.telegram.person import build_person
from config.lib.money import format_kopecks
from vpnconfigs.models import Config, Request
from vpnconfigs.selectors.links import links_of
from vpnconfigs.selectors.states import shown_state
from vpnconfigs.services import requests
from vpnconfigs.services.expiry_notices import plan_expiry_notices
from vpnconfigs.services.subscriptions import subscription_of, subscription_url
from vpnconfigs.tests.bot_chat import CUSTOMER, labels

PRICE = 20_000


@pytest.fixture
def shelf(make_tariff):
    """A trial and a month that costs money."""
    trial = make_tariff("trial", is_trial=True, days=3, name_ru="Проба", name_en="Taste")
    month = make_tariff("month", price_kopecks=PRICE, name_ru="Месяц", name_en="Month")
    return trial, month


@pytest.mark.parametrize(
    ("language", "taste", "month_name"), [("en", "Taste", "Month"), ("ru", "Проба", "Месяц")]
)
def test_from_start_to_the_renewal(
    make_chat, shelf, shop_panel, staff, pay_in, balance, language, taste, month_name
):
    panel = shop_panel("g3b", country="NL")
    chat = make_chat(language=language)
    with translation.override(language):
        _takes_a_trial(chat, taste)
        _works_once_the_panel_has_it(chat, panel)
        _gets_links_and_picture(chat)
        _asks_for_a_paid_one(chat, month_name, staff)
        _renews(chat, month_name, pay_in, balance)
        _renews_from_a_notice(chat)


def _takes_a_trial(chat, taste) -> None:
    start = chat.say("/start")
    assert not User.objects.filter(telegram_id=CUSTOMER).exists()
    offers = chat.press(_("Get a config"))
    assert offers["message_id"] == start["message_id"]
    assert format_kopecks(0) in offers["text"]
    chat.press(taste)
    assert taste in chat.press("VLESS")["text"]

    card = chat.press(_("Get it"))

    config = Config.objects.get()
    assert (config.is_trial, config.user.telegram_id) == (True, CUSTOMER)
    assert card["message_id"] == start["message_id"]
    assert _("Done: here is your config.") in card["text"]
    assert taste in card["text"]
    # Whoever comes by the Mini App or the widget later finds the same account.
    assert obtain_person(build_person({"id": CUSTOMER})) == config.user


def _works_once_the_panel_has_it(chat, panel) -> None:
    panel.settle()
    card = chat.press(_("Refresh"))
    config = Config.objects.get()
    assert len(panel.stored(config.email)) == 1
    assert str(shown_state(config, timezone.now()).label) in card["text"]
    assert config.state == Config.State.ACTIVE


def _gets_links_and_picture(chat) -> None:
    config = Config.objects.get()
    (link,) = links_of(config)
    address = subscription_url(subscription_of(config.user))
    shown = chat.press(_("Links"))
    copied = [
        shown["text"]
        .encode("utf-16-le")[2 * e["offset"] : 2 * (e["offset"] + e["length"])]
        .decode("utf-16-le")
        for e in shown["entities"]
        if e["type"] == "code"
    ]
    assert copied == [address, link]

    picture = chat.press(_("QR code"))
    assert picture["media"] == "photo"
    assert address in picture["text"]
    # A picture stays, and what comes next stands below it.
    below = chat.press(_("My configs"), on=chat.press(_("Menu")))
    assert below["message_id"] > picture["message_id"]
    assert config.name in labels(below)[0]


def _asks_for_a_paid_one(chat, month_name, staff) -> None:
    chat.press(_("Get a config"))
    chat.press(month_name)
    terms = chat.press("TROJAN")
    assert format_kopecks(PRICE) in terms["text"]
    assert _("Send the request") in labels(terms)
    assert (
        _("The request is sent. The answer comes here.")
        in chat.press(_("Send the request"))["text"]
    )
    request = Request.objects.get()
    told = (request.kind, request.tariff.code, request.protocol, request.config.state)
    assert told == ("access", "month", "trojan", "requested")

    requests.approve(actor=staff, request=request, is_free=True, comment="Welcome")

    told = chat.hear()
    assert "Welcome" in told["text"]
    card = chat.press(_("Open the config"))
    assert card["message_id"] > told["message_id"]
    assert chat.messages[-2]["text"] == told["text"]


def _renews(chat, month_name, pay_in, balance) -> None:
    config = Request.objects.get().config
    pay_in(config.user, PRICE)
    terms = chat.press(_("Renew"))
    assert month_name in terms["text"]
    # Two quick taps on the button that pays.
    chat.press(_("Pay %(price)s") % {"price": format_kopecks(PRICE)}, times=2)
    config.refresh_from_db()
    assert config.valid_to - timezone.now() > timedelta(days=59)
    assert balance(config.user) == 0
    assert config.purchases.filter(kind="renewal").count() == 1


def _renews_from_a_notice(chat) -> None:
    config = Request.objects.get().config
    now = timezone.now()
    Config.objects.filter(pk=config.pk).update(
        valid_from=now - timedelta(days=30), valid_to=now + timedelta(minutes=30)
    )
    assert plan_expiry_notices() == 1
    told = chat.hear()
    assert config.name in told["text"]
    terms = chat.press(_("Renew"))
    assert terms["message_id"] > told["message_id"]
    # The money is spent.
    assert labels(terms)[0] == _("Send the request")
