"""A real browser on the live site. Skipped, visibly, where the system has no Chromium."""

import pytest

from conftest import PASSWORD

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}


@pytest.fixture
def open_browser(live_site, browser):
    """Return a maker of tabs: ``open_browser(user, viewport=…, color_scheme=…)``, signed in.

    Whatever a tab says on its console fails the test at its end.
    """
    contexts, complaints = [], []

    def open_tab(user=None, *, viewport=DESKTOP, **options):
        context = browser.new_context(
            base_url=live_site.url, viewport=viewport, locale="en-US", **options
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: complaints.append(f"{tab.url}: {message.text}"))
        tab.on("pageerror", lambda error: complaints.append(f"{tab.url}: {error}"))
        if user is not None:
            sign_in(tab, user)
        return tab

    yield open_tab
    for context in contexts:
        context.close()
    assert complaints == []


def sign_in(tab, user):
    tab.goto("/login")
    tab.get_by_label("E-mail or user name").fill(user.username)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.locator("main").get_by_role("button", name="Sign in").click()
    tab.wait_for_url("**/client")
