"""What somebody without an account sees who opens the address for apps in a browser."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests_browser.conftest import DESKTOP, PHONE
from tests_browser.test_pages import look_at
from vpnconfigs.models import ShopSettings
from vpnconfigs.services.subscriptions import subscription_of, subscription_url
from vpnconfigs.tests.mirrored import make_config, make_inbound


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone", "desktop"]
)
def test_how_to_add_it_to_an_app(open_browser, owner, stranger, viewport, scheme):
    ShopSettings.objects.create(title="A shop with a name of some length", support_contact="@help")
    inbound = make_inbound("de", title="Frankfurt am Main, behind the second bridge")
    make_config(owner, inbound)
    make_config(owner, inbound, valid_to=timezone.now() - timedelta(days=1))
    paths = [f"/sub/{subscription_of(user).token}" for user in (owner, stranger)]
    tab = open_browser(viewport=viewport, color_scheme=scheme)

    assert [fault for path in paths for fault in look_at(tab, path)] == []

    tab.goto(paths[0])
    expect(tab.locator("html")).to_have_attribute("data-bs-theme", scheme)
    expect(tab.get_by_role("img", name="QR code of the address")).to_be_visible()
    tab.locator("summary", has_text="Android").click()
    button = tab.get_by_role("link", name="Add to Happ").locator("visible=true").last
    expect(button).to_have_attribute(
        "href", f"happ://add/{subscription_url(subscription_of(owner))}"
    )
