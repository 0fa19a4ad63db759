"""The VPN shop's pages in a real browser: on the site, and inside of Telegram."""

import re
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import expect

from accounts.tests.telegram import init_data
from conftest import PASSWORD, make_user
from tests_browser.conftest import DESKTOP, PHONE
from tests_browser.test_pages import look_at
from vpnconfigs.models import Config, Panel, Tariff
from vpnconfigs.selectors.settings import forget_shop_settings
from vpnconfigs.services import requests
from vpnconfigs.tests.panels import ShopPanel, may_stand
from vpnconfigs.tests.shop_world import build_shop

ROUNDS = pytest.mark.parametrize(
    ("viewport", "scheme", "language"),
    [(PHONE, "dark", "en"), (DESKTOP, "light", "ru"), (PHONE, "light", "ru")],
    ids=["phone", "desktop", "russian-phone"],
)


@pytest.fixture(autouse=True)
def _fresh_switches():
    forget_shop_settings()
    yield
    forget_shop_settings()


def enter(tab, user):
    tab.goto("/login")
    tab.locator("#id_login").fill(user.username)
    tab.locator("#id_password").fill(PASSWORD)
    tab.locator("main form button[type=submit]").first.click()
    tab.wait_for_url("**/configs")


def paths_of(world):
    configs = (f"/configs/{config.pk}" for config in world.configs.values())
    return (
        *("/configs", "/configs/new", "/configs/claim", "/configs/invite", *configs),
        *("/gifts", f"/gifts/{world.gift.code}", "/requests", "/requests/new"),
        *(f"/requests/{world.request.pk}", "/news", f"/news/{world.news.pk}"),
    )


@ROUNDS
def test_every_page(open_browser, owner, viewport, scheme, language):
    owner.lang_code = language
    owner.save()
    world = build_shop(owner)
    tab = open_browser(viewport=viewport, color_scheme=scheme)
    faults = look_at(tab, "/news")
    enter(tab, owner)
    faults += [fault for path in paths_of(world) for fault in look_at(tab, path)]
    assert faults == []


def test_pages_of_who_has_nothing(open_browser, owner):
    tab = open_browser(viewport=PHONE)
    enter(tab, owner)
    paths = ("/configs", "/configs/new", "/requests", "/news", "/configs/claim")
    assert [fault for path in paths for fault in look_at(tab, path)] == []


def register_and_order(tab):
    tab.goto("/register?lang=en")
    tab.get_by_label("E-mail").fill("nina@example.org")
    tab.get_by_label("Your name").fill("Nina")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.locator("main").get_by_role("button", name="Register").click()
    tab.wait_for_url(re.compile("/(client|configs)$"))
    tab.goto("/configs")
    tab.get_by_role("link", name="Get a config").click()
    expect(tab.get_by_role("radio", name="For nothing")).to_be_checked()
    tab.get_by_label("Name optional").fill("My phone")
    tab.get_by_role("button", name="Get it").click()


def test_from_registering_to_a_renewal(open_browser, live_site, sandbox, settings):
    may_stand(sandbox, settings, seconds=5)
    panel = ShopPanel(sandbox, "g3b", country="NL")
    Tariff.objects.create(
        code="free", name_ru="Даром", name_en="For nothing", days=30, is_self_service=True
    )
    tab = open_browser(viewport=PHONE)
    register_and_order(tab)
    expect(tab.get_by_role("heading", name="My phone", level=1)).to_be_visible()
    state = tab.locator("#status")
    expect(state.get_by_text("Being set up", exact=True)).to_be_visible()
    panel.settle()
    config = Config.objects.get()
    assert list(panel.ours()) == [config.email]
    # The page hears of it by itself.
    expect(state.get_by_text("Works", exact=True)).to_be_visible()

    expect(tab.get_by_role("img", name="QR code of this config")).to_be_visible()
    expect(tab.get_by_role("group", name="Link")).to_contain_text(config.secret)
    tab.get_by_role("tab", name="Android").click()
    happ = tab.get_by_role("tabpanel").get_by_role("link", name="Add to Happ")
    assert config.subscription.token in happ.get_attribute("href")
    tab.get_by_role("tab", name="Android").press("ArrowRight")
    expect(tab.get_by_role("tab", name="Windows")).to_have_attribute("aria-selected", "true")

    tab.get_by_role("button", name="Renew").click()
    expect(tab.get_by_text("“My phone” is renewed.")).to_be_visible()
    expect(state.get_by_text("in 60 days")).to_be_visible()
    panel.settle()
    config.refresh_from_db()
    assert config.is_synced

    tab.get_by_text("Delete this config").click()
    delete = tab.get_by_role("button", name="Delete it")
    expect(delete).to_be_disabled()
    tab.get_by_label("Type My phone to confirm").fill("My phone")
    delete.click()
    tab.get_by_text("“My phone” is deleted.").wait_for()
    panel.settle()
    assert panel.ours() == {}


def test_a_price_and_a_conversation_without_reloading(open_browser, owner, staff):
    world = build_shop(owner)
    tab = open_browser()
    enter(tab, owner)
    tab.goto("/configs/new")
    tab.get_by_role("radio", name=re.compile("Year")).check()
    expect(tab.locator("#price")).to_contain_text("1,089 ₽ are missing")
    tab.get_by_role("radio", name=re.compile("Month")).check()
    expect(tab.locator("#price")).not_to_contain_text("missing")

    tab.goto(f"/requests/{world.request.pk}")
    tab.get_by_label("Your message").fill("One more thing")
    tab.keyboard.press("Enter")
    expect(tab.locator(".bubble-own").last).to_contain_text("One more thing")
    expect(tab.get_by_label("Your message")).to_have_value("")
    requests.say(author=staff, request=world.request, text="We are listening")
    expect(tab.locator(".bubble").last).to_contain_text("We are listening")
    expect(tab.locator("#announcer")).to_have_text("New message: We are listening")


def launch(platform, theme="{}", **user):
    """What Telegram puts behind the address of a Mini App."""
    person = {"id": 500, "first_name": "Ivan", "username": "ivan", "language_code": "en", **user}
    asked = {
        "tgWebAppData": init_data(platform.token, user=person),
        "tgWebAppVersion": "8.0",
        "tgWebAppPlatform": "web",
        "tgWebAppThemeParams": theme,
    }
    return urllib.parse.urlencode(asked)


def test_the_shop_inside_of_telegram(open_browser, platform, live_site, sandbox, settings):
    may_stand(sandbox, settings, seconds=5)
    panel = ShopPanel(sandbox, "g3b", country="NL")
    Tariff.objects.create(
        code="free", name_ru="Даром", name_en="For nothing", days=30, is_self_service=True
    )
    tab = open_browser(viewport=PHONE)
    dark = '{"bg_color":"#17212b","secondary_bg_color":"#0e1621","section_bg_color":"#17212b"}'
    tab.goto(f"/app?to=/configs/new#{launch(platform, dark)}")
    tab.get_by_role("button", name="Get it").click()
    expect(tab.get_by_text("Your config is being set up.")).to_be_visible()
    # No cookie signs it in, as in a frame of Telegram's web client.
    assert [each["name"] for each in tab.context.cookies() if "session" in each["name"]] == []
    assert tab.locator("html").get_attribute("data-bs-theme") == "dark"
    assert tab.url.startswith(f"{live_site.url}/app?to=")
    panel.settle()
    state = tab.locator("#status")
    expect(state.get_by_text("Works", exact=True)).to_be_visible()
    expect(tab.get_by_role("img", name="QR code of this config")).to_be_visible()
    tab.get_by_role("button", name="Renew").click()
    expect(state.get_by_text("in 60 days")).to_be_visible()

    tabs = tab.get_by_role("navigation", name="VPN")
    tabs.get_by_role("link", name="Requests").click()
    tab.get_by_role("link", name="Write to us").click()
    tab.get_by_label("Message").fill("Hello")
    tab.get_by_role("button", name="Send").click()
    expect(tab.locator(".bubble-own")).to_contain_text("Hello")
    tab.get_by_label("Your message").fill("Anybody?")
    tab.get_by_role("button", name="Send").click()
    expect(tab.locator(".bubble-own").last).to_contain_text("Anybody?")
    tab.evaluate("window.Telegram.WebView.receiveEvent('back_button_pressed')")
    expect(tab.get_by_role("heading", name="New request")).to_be_visible()
    # A reload finds the person again by what Telegram said at first.
    tab.reload()
    expect(tab.get_by_role("heading", name="Get a config")).to_be_visible()


def test_the_shell_outside_of_telegram_leads_to_the_site(open_browser, platform):
    tab = open_browser(viewport=PHONE)
    assert look_at(tab, "/app?to=/news") == []
    tab.get_by_role("link", name="To the site").click()
    tab.wait_for_url("**/news")


@pytest.fixture
def other_site():
    """A site of another origin on this machine: browsers let no other put one of it in a frame."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>Chats</title>")

        def log_message(self, *_args):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_telegrams_frame_shows_the_shop(open_browser, platform, live_site, other_site, settings):
    settings.TELEGRAM_WEB_ORIGINS = [other_site]
    tab = open_browser()
    tab.goto(other_site)
    tab.evaluate(
        """address => {
            const frame = document.createElement("iframe");
            frame.src = address;
            document.body.append(frame);
        }""",
        f"{live_site.url}/app?to=/configs#{launch(platform)}",
    )
    frame = tab.frame_locator("iframe")
    expect(frame.get_by_text("Your first config is two taps away")).to_be_visible()


def test_a_panel_that_is_down_is_said_to_be(open_browser, owner):
    build_shop(owner)
    stranger = make_user("nina", lang_code="en")
    Panel.objects.update(state=Panel.State.DOWN)
    tab = open_browser(viewport=PHONE)
    enter(tab, owner)
    tab.get_by_text("Your config keeps working; changes wait.").first.wait_for()
    tab.get_by_text("is ready as soon as the server is back").first.wait_for()
    tab.context.clear_cookies()
    enter(tab, stranger)
    tab.get_by_text("Your first config is two taps away").wait_for()
