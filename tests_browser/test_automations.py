"""The auto-reply's page as a person uses it: set by hand, seen before it is saved."""

import pytest
from playwright.sync_api import expect

from accounts.services.sessions import drop_cached
from dialogs.models import AutoReplySettings
from dialogs.tests.auto_replies import say, switch_on
from dialogs.tests.inbox import make_account, make_dialog
from tests_browser.conftest import DESKTOP, PHONE
from tests_browser.test_pages import look_at

URL = "/client/automations"
TEXT = "Good evening! We are back at nine."


def test_an_owner_sets_the_hours_and_sees_the_text_before(open_browser, owner, organization):
    tab = open_browser(owner)
    tab.get_by_role("link", name="Automations").click()
    expect(tab.get_by_text("Nobody is answered automatically.")).to_be_visible()
    # Of hours there is no talk until somebody wants them.
    expect(tab.get_by_label("From", exact=True)).to_be_hidden()
    tab.get_by_label("When", exact=True).select_option("during certain hours")
    tab.get_by_label("From", exact=True).fill("00:00")
    tab.get_by_label("Until").fill("23:59")
    tab.get_by_label("Answer buyers when nobody else does").check()
    text = tab.get_by_label("Text", exact=True)
    text.fill(TEXT)
    expect(tab.locator("[data-preview] .bubble")).to_have_text(TEXT)
    expect(tab.locator("[data-counter]")).to_be_hidden()
    text.fill("a" * 3950)
    expect(tab.locator("[data-counter]")).to_contain_text("50")
    text.fill(TEXT)
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Saved.")).to_be_visible()
    row = AutoReplySettings.objects.get(organization=organization)
    assert (row.enabled, row.always, row.text) == (True, False, TEXT)
    expect(tab.get_by_label("From", exact=True)).to_have_value("00:00")
    expect(tab.locator("[data-preview] .bubble")).to_have_text(TEXT)


@pytest.mark.parametrize(
    ("viewport", "scheme", "language"),
    [(PHONE, "dark", "ru"), (PHONE, "light", "en"), (DESKTOP, "light", "ru")],
)
def test_the_page_can_be_used_by_everybody(
    open_browser, owner, organization, viewport, scheme, language
):
    tab = open_browser(owner, viewport=viewport, color_scheme=scheme)
    owner.lang_code = language
    owner.save()
    drop_cached([owner.pk])
    switch_on(organization, always=False, start_time="21:00", end_time="09:00", text="а" * 300)
    account = make_account(organization)
    for number in range(3):
        dialog = make_dialog(account, f"Konstantin Konstantinopolsky {number}", texts=())
        say(dialog, at="2026-11-20T21:00")
    assert look_at(tab, URL) == []
    assert tab.locator("html").get_attribute("lang") == language
