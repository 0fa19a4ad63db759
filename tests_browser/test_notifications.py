"""The settings of notifications by hand, on a phone and a desk."""

import pytest
from playwright.sync_api import expect

from notifications.models import Preference
from notifications.services import register_notification
from notifications.services.kinds import kinds
from tests_browser.conftest import DESKTOP, PHONE
from tests_browser.test_pages import look_at

HERE = "/account/notifications"
KIND = "tests.browser_news"


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone", "desktop"]
)
def test_hours_and_order_are_chosen_and_kept(open_browser, owner, organization, viewport, scheme):
    if KIND not in kinds:
        register_notification(KIND, subject="News of the shop that has a long name", text="t")
    owner.telegram_id, owner.telegram_username = 4_242, "a_name_in_telegram_of_32_letters"
    owner.save()
    tab = open_browser(owner, viewport=viewport, color_scheme=scheme)
    assert look_at(tab, HERE) == []
    tab.get_by_label("Quiet from").fill("23:00")
    tab.get_by_label("Quiet to").fill("07:00")
    tab.get_by_label("Tell me").select_option("first")
    tab.get_by_label("Order", exact=True).select_option(index=1)
    tab.get_by_label("How often: News of the shop").select_option("digest")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Saved.")).to_be_visible()
    expect(tab.get_by_label("Quiet from")).to_have_value("23:00")
    kept = Preference.objects.get()
    assert (kept.quiet_to.hour, kept.reach, kept.frequencies[KIND]) == (7, "first", "digest")
    assert kept.channel_order[0] == "email"
