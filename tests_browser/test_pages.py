"""Every page on a phone and on a desk: nothing serious for axe, nothing too wide or too small."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from dialogs.tests.inbox import make_account, make_dialog
from integrations.models import Bot
from tests_browser.conftest import DESKTOP, PHONE

PUBLIC = ("/", "/login", "/register")
SERIOUS = ("serious", "critical")
# Fields that a finger has to hit; links inside a sentence are as high as its line.
SMALL_TARGETS = """
() => [...document.querySelectorAll("button, summary, select, textarea, input, a.btn, nav a")]
  .filter((node) => !["hidden", "checkbox", "radio"].includes(node.type) && node.checkVisibility())
  .filter((node) => node.getBoundingClientRect().height < 43.5)
  .map((node) => node.outerHTML.slice(0, 120))
"""


@pytest.fixture
def shop(organization):
    bot = Bot.objects.create(
        organization=organization,
        name="A bot whose name is longer than any telephone is wide",
        telegram_id=7001,
        username="shop_bot",
        sealed_token="sealed",
        group_chat_id=-1001234567890,
        last_error="Forbidden: bot is not a member of the supergroup chat",
    )
    account = make_account(organization)
    texts = ["Hello", "https://example.org/" + "a" * 200, "Is it still there?"]
    dialogs = [
        make_dialog(account, f"Konstantin Konstantinopolsky {number}", texts=texts, age=number)
        for number in range(12)
    ]
    return {"bot": bot, "account": account, "dialog": dialogs[0]}


def cabinet_pages(shop):
    return (
        "/client",
        "/client/dialogs",
        f"/client/dialogs/{shop['dialog'].pk}",
        "/client/bots",
        f"/client/bots/{shop['bot'].pk}",
        "/client/integrations",
        f"/client/integrations/avito/{shop['account'].pk}",
        "/account",
        "/account/sessions",
    )


def look_at(tab, path):
    """Return what is wrong with a page."""
    assert tab.goto(path).status == 200, path
    found = [
        f"{path}: {violation['id']} {[node['target'] for node in violation['nodes']]}"
        for violation in Axe().run(tab).response["violations"]
        if violation["impact"] in SERIOUS
    ]
    width = tab.evaluate("document.documentElement.scrollWidth")
    if width > tab.viewport_size["width"]:
        found.append(f"{path}: {width} px wide")
    if tab.locator("h1").count() != 1:
        found.append(f"{path}: not exactly one h1")
    if tab.viewport_size == PHONE:
        found += [f"{path}: small {html}" for html in tab.evaluate(SMALL_TARGETS)]
    return found


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone", "desktop"]
)
def test_public_pages(open_browser, viewport, scheme):
    tab = open_browser(viewport=viewport, color_scheme=scheme)
    assert [fault for path in PUBLIC for fault in look_at(tab, path)] == []


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone", "desktop"]
)
def test_cabinet_pages(open_browser, owner, shop, viewport, scheme):
    tab = open_browser(owner, viewport=viewport, color_scheme=scheme)
    assert [fault for path in cabinet_pages(shop) for fault in look_at(tab, path)] == []


def test_cabinet_pages_in_russian(open_browser, owner, shop):
    owner.lang_code = ""
    owner.save()
    tab = open_browser(viewport=PHONE)
    tab.goto("/login")
    tab.get_by_role("button", name="Русский").click()
    tab.get_by_label("Эл. почта или имя пользователя").fill(owner.username)
    tab.get_by_label("Пароль").fill("correct-horse-battery-9")
    tab.locator("main").get_by_role("button", name="Войти").click()
    tab.wait_for_url("**/client")
    assert tab.locator("html").get_attribute("lang") == "ru"
    assert [fault for path in cabinet_pages(shop) for fault in look_at(tab, path)] == []


def test_the_theme_follows_the_system_until_a_person_chooses(open_browser, owner, organization):
    tab = open_browser(owner, color_scheme="dark")
    root = tab.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    tab.emulate_media(color_scheme="light")
    expect(root).to_have_attribute("data-bs-theme", "light")
    tab.goto("/account")
    tab.get_by_label("Theme").select_option("dark")
    tab.get_by_role("button", name="Save").click()
    tab.get_by_text("Saved.").wait_for()
    # Chosen on the server: right even before any script has run.
    assert 'data-bs-theme="dark"' in tab.request.get("/account").text()


def test_a_keyboard_reaches_the_content_first(open_browser, db):
    tab = open_browser()
    tab.goto("/")
    tab.keyboard.press("Tab")
    assert tab.locator(":focus").inner_text() == "Skip to content"
    tab.keyboard.press("Enter")
    assert tab.locator(":focus").get_attribute("id") == "main"


def test_the_admin_runs_under_its_policy(open_browser, staff, live_site):
    tab = open_browser()
    tab.goto("/admin/")
    tab.get_by_label("E-mail or user name").fill(staff.username)
    tab.get_by_label("Password").fill("correct-horse-battery-9")
    tab.locator("main").get_by_role("button", name="Sign in").click()
    tab.wait_for_url("**/admin/")
    tab.get_by_role("link", name="Bots").first.wait_for()
