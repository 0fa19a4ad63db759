"""The bell as a person uses it: a number that follows, a panel, a page; and Yandex Messenger."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.services.sessions import drop_cached
from integrations.services import inbox, pump, yandex_bot
from notifications.account_notices import SECOND_FACTOR_ON
from notifications.handlers import AVITO_LIMITED, BOT_TOKEN_REFUSED
from notifications.models import Notification
from notifications.services import notify
from notifications.services.sign_in_notices import SIGNED_IN
from tests_browser.conftest import DESKTOP, PHONE
from tests_browser.test_pages import look_at

TOKEN = "y0_token-of-the-tests"
ANNA = "anna.konstantinopolskaya@example.org"
DEVICE = "Chrome on Android with a rather long name"


def tell(person, number, kind=SIGNED_IN, **context):
    words = {"device": DEVICE, "ip": "2001:db8::1", "bot": "shop_bot", "account": "Shop", **context}
    return notify(kind=kind, recipient=person, context=words, dedup_key=f"{kind}:{number}")


def tell_much(person):
    """Make a page full of notices, three of them not seen."""
    for number in range(22):
        tell(person, number)
    Notification.objects.update(read_at="2026-11-01T00:00Z")
    tell(person, 1, SECOND_FACTOR_ON)
    tell(person, 1, BOT_TOKEN_REFUSED)
    tell(person, 1, AVITO_LIMITED)


def look_again(tab):
    """Do what the clock of the page does, without waiting for it."""
    tab.evaluate("document.body.dispatchEvent(new CustomEvent('notices-changed'))")


def test_the_bell_follows_and_opens_what_it_is_about(open_browser, owner, organization):
    tab = open_browser(owner)
    bell = tab.locator(".bell summary")
    expect(bell).to_have_accessible_name("Notifications")
    tell(owner, 1, BOT_TOKEN_REFUSED, path="/account/security")
    tell(owner, 2)
    look_again(tab)
    expect(bell).to_have_accessible_name("Notifications 2 unread")
    expect(tab).to_have_title("(2) Overview · Depesha")
    bell.click()
    panel = tab.locator(".bell-panel")
    expect(panel.get_by_role("button", name="A new sign-in")).to_be_visible()
    panel.get_by_role("button", name="@shop_bot was switched off").first.click()
    tab.wait_for_url("**/account/security")
    expect(tab.locator(".bell .count")).to_have_text("1")
    tab.locator(".bell summary").click()
    tab.get_by_role("button", name="Mark all read").click()
    expect(tab.locator(".bell .count")).to_have_count(0)
    expect(tab).not_to_have_title("(1) Security · Depesha")
    # The panel stays open, says so, and closes as every menu does.
    expect(tab.get_by_role("button", name="Mark all read")).to_have_count(0)
    tab.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(tab.locator(".bell summary")).to_be_focused()


def test_a_page_nobody_looks_at_does_not_ask(open_browser, owner, organization):
    tab = open_browser(owner)
    asked = []
    tab.on("request", lambda request: asked.append(request.url) if "/bell" in request.url else None)
    tick = "document.body.dispatchEvent(new CustomEvent('tick'))"
    with tab.expect_response("**/notifications/bell*"):
        tab.evaluate(tick)
    # Once in thirty seconds, however often the page's clock ticks.
    tab.evaluate(f"for (let i = 0; i < 5; i += 1) {tick}")
    tab.wait_for_timeout(200)
    assert len(asked) == 1


def test_yandex_messenger_is_linked_while_one_looks(open_browser, owner, sandbox, settings):
    settings.YANDEX_BOT_TOKEN = TOKEN
    sandbox.control("yandex/bots", {"token": TOKEN})
    sandbox.control("yandex/users", {"login": ANNA})
    yandex_bot.poll_due()
    tab = open_browser()
    tab.goto("/login")
    tab.get_by_label("E-mail or user name").fill(owner.username)
    tab.get_by_label("Password").fill("correct-horse-battery-9")
    tab.locator("main").get_by_role("button", name="Sign in").click()
    tab.wait_for_url("**/configs")
    tab.goto("/account/notifications")
    tab.get_by_role("link", name="Add Yandex Messenger").click()
    tab.get_by_role("button", name="Get a code").click()
    code = tab.locator(".code-shown code").inner_text()
    shoot(tab, "yandex-code")
    sandbox.control("yandex/say", {"login": ANNA, "text": code})
    yandex_bot.poll_due()
    inbox.drain()
    pump.drain("yandex")
    expect(tab.get_by_text(f"Notifications go to {ANNA}")).to_be_visible()
    shoot(tab, "yandex-linked")
    tab.get_by_role("button", name="Unlink").click()
    expect(tab.get_by_role("button", name="Get a code")).to_be_visible()


@pytest.mark.parametrize(
    ("viewport", "scheme", "language"),
    [(PHONE, "dark", "ru"), (PHONE, "light", "en"), (DESKTOP, "light", "ru")],
)
def test_the_pages_can_be_used_by_everybody(
    open_browser, owner, organization, settings, viewport, scheme, language
):
    settings.YANDEX_BOT_TOKEN = TOKEN
    tab = open_browser(owner, viewport=viewport, color_scheme=scheme)
    owner.lang_code = language
    owner.save()
    drop_cached([owner.pk])
    name = f"{viewport['width']}-{scheme}-{language}"
    assert look_at(tab, "/notifications") == []
    shoot(tab, f"empty-{name}")
    tell_much(owner)
    pages = ("/notifications", "/account/notifications/yandex", "/account/notifications")
    for path in pages:
        assert look_at(tab, path) == []
        shoot(tab, f"{path.strip('/').replace('/', '-')}-{name}")
    tab.goto("/client")
    tab.locator(".bell summary").click()
    expect(tab.locator(".bell-panel .notice")).to_have_count(5)
    width = tab.evaluate("document.documentElement.scrollWidth")
    assert width <= viewport["width"]
    box = tab.locator(".bell-panel").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= viewport["width"]
    shoot(tab, f"panel-{name}")


def shoot(tab, name):
    folder = os.environ.get("SHOTS")
    if folder:
        tab.screenshot(path=Path(folder) / f"{name}.png")
