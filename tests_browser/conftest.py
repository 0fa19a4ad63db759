"""A real browser on the live site. Skipped, visibly, where the system has no Chromium."""

import os
import shutil

import pytest

from conftest import PASSWORD

# Playwright runs an event loop in the test's thread, which Django takes for a request's.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}


def pytest_collection_modifyitems(items):
    if CHROMIUM:
        return
    for item in items:
        if "tests_browser" in str(item.path):
            item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


@pytest.fixture(scope="session")
def browser_type_launch_args():
    return {"executable_path": CHROMIUM, "args": ARGUMENTS}


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
