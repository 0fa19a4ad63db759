"""Journey 1 as two people play it on the stage: every touch is one of theirs, nothing is mocked."""

import re

import pytest
from playwright.sync_api import expect

from dialogs.models import Dialog
from dialogs.tests.relay import Relay, wait_for
from integrations.models import AvitoAccount, InboundEvent
from integrations.services import inbox, polling, pump

pytestmark = pytest.mark.django_db(transaction=True)

LOADED = "image => image.decode().then(() => image.naturalWidth)"


@pytest.fixture
def relay(live_site, sandbox, organization, bot_token):
    return Relay(sandbox, organization, bot_token)


class Stage:
    """The stage page with the buyer's chat open, and the workers that carry between its phones."""

    def __init__(self, tab, relay):
        self.tab = tab
        self.relay = relay
        tab.goto(relay.sandbox.url)
        tab.get_by_test_id("buyer-chat").click()
        self.buyer = tab.get_by_test_id("buyer-thread").get_by_test_id("message")
        self.seller = tab.get_by_test_id("seller-thread").get_by_test_id("message")

    def heard(self, act):
        """Do what people do and wait till the site has heard of it."""
        before = InboundEvent.objects.count()
        act()
        wait_for(lambda: InboundEvent.objects.count() > before)
        self.relay.run()

    def write(self, phone, text):
        self.tab.locator(f"#{phone}-text").fill(text)
        self.heard(lambda: self.tab.keyboard.press("Enter"))

    def attach(self, phone, kind, *, caption=""):
        self.tab.locator(f"#{phone}-text").fill(caption)
        self.tab.get_by_test_id(f"{phone}-attach").click()
        self.heard(lambda: self.tab.get_by_test_id(f"sheet-{kind}").click())

    def open_topic(self):
        self.tab.get_by_test_id("group").click()
        self.tab.get_by_test_id("topic").first.click()

    def choose(self, message, deed):
        """Choose a deed from a message's sheet; whether the site hears of it is another matter."""
        message.hover()
        message.get_by_test_id("message-menu").click()
        self.tab.get_by_test_id(deed).click()


@pytest.fixture
def stage(open_browser, relay):
    return Stage(open_browser(), relay)


def test_pictures_are_seen_on_both_phones(stage):
    stage.write("buyer", "Is it still there?")
    stage.open_topic()
    expect(stage.seller.last).to_contain_text("Is it still there?")

    stage.attach("buyer", "photo")
    shown = stage.seller.last.locator("img.shot")
    expect(shown).to_be_visible()
    assert shown.evaluate(LOADED) > 300

    stage.attach("seller", "photo", caption="The back side")
    answered = stage.buyer.filter(has=stage.tab.locator("img.shot")).last
    expect(answered).to_have_class(re.compile("theirs"))
    assert answered.locator("img.shot").evaluate(LOADED) > 300
    expect(stage.buyer.last).to_contain_text("The back side")


def test_a_voice_and_a_place_reach_the_topic(stage):
    stage.attach("buyer", "voice")
    stage.open_topic()
    expect(stage.seller.last.get_by_test_id("sound")).to_be_visible()
    stage.seller.last.get_by_test_id("play").click()
    expect(stage.seller.last.locator(".wave .done").first).to_be_visible()
    stage.attach("buyer", "location")
    expect(stage.seller.last.get_by_test_id("place")).to_be_visible()


def test_receipts_stand_on_the_answer(stage):
    stage.write("buyer", "Hello")
    stage.open_topic()
    stage.write("seller", "Good morning")
    answer = stage.seller.filter(has_text="Good morning")
    expect(answer.get_by_test_id("reactions")).to_have_text("👌")
    expect(stage.buyer.last).to_contain_text("Good morning")
    stage.tab.get_by_test_id("buyer-read").click()
    expect(stage.tab.get_by_test_id("buyer-read")).to_be_hidden()
    for account in AvitoAccount.objects.all():
        polling.poll_account(account)
    stage.relay.run()
    expect(answer.get_by_test_id("reactions")).to_have_text("👀")


def test_an_answer_is_changed_and_then_taken_back(stage):
    stage.write("buyer", "How much?")
    stage.open_topic()
    stage.write("seller", "Five thousand")
    expect(stage.buyer.last).to_contain_text("Five thousand")
    stage.choose(stage.seller.last, "sheet-edit")
    stage.write("seller", "Six thousand")
    expect(stage.buyer.last).to_contain_text("Six thousand")
    expect(stage.buyer.filter(has_text="Message deleted")).to_have_count(1)
    answer = stage.seller.filter(has_text="Six thousand")
    stage.heard(lambda: stage.choose(answer, "emoji-👎"))
    expect(stage.buyer.filter(has_text="Message deleted")).to_have_count(2)


def test_a_banned_buyer_can_write_no_more(stage):
    stage.write("buyer", "Buy my coins")
    stage.open_topic()
    stage.write("seller", "/ban spam")
    expect(stage.tab.get_by_test_id("banned")).to_be_visible()
    assert Dialog.objects.get().status == "banned"


def test_a_message_waits_while_the_bot_is_out(stage):
    stage.write("buyer", "Hello")
    stage.tab.get_by_test_id("group").click()
    stage.tab.get_by_test_id("group-menu").click()
    stage.heard(lambda: stage.tab.get_by_test_id("sheet-kick").click())
    stage.tab.locator("#buyer-text").fill("Anybody?")
    stage.tab.keyboard.press("Enter")
    wait_for(lambda: InboundEvent.objects.filter(source="avito").count() == 2)
    for _ in range(5):
        inbox.drain()
        pump.drain("telegram")
    stage.tab.get_by_test_id("topic").first.click()
    expect(stage.seller.filter(has_text="Anybody?")).to_have_count(0)
    stage.tab.get_by_test_id("back").last.click()
    stage.tab.get_by_test_id("group-menu").click()
    stage.heard(lambda: stage.tab.get_by_test_id("sheet-return").click())
    stage.tab.get_by_test_id("topic").first.click()
    expect(stage.seller.filter(has_text="Anybody?")).to_have_count(1)
