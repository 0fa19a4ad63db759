"""The stage's other scene: a person with a bot and a VPN app, and the panels behind it."""

import json
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE

GIGABYTE = 2**30


class Scene:
    """The VPN scene in a tab, with one panel, a client on it and a person with a bot."""

    def __init__(self, tab, sandbox, bot_token):
        self.tab, self.sandbox, self.token = tab, sandbox, bot_token
        sandbox.control("telegram/bots", {"token": bot_token, "username": "vpn_bot"})
        sandbox.control("telegram/users", {"id": 500, "first_name": "Ivan"})
        client = {
            "id": "5d9ac9e5-6b8f-4a5c-9c9f-0a8a2d3f8a11",
            "email": "ivan",
            "enable": True,
            "totalGB": 3 * GIGABYTE,
            "subId": "ivans-sub",
        }
        inbound = {
            "remark": "Amsterdam",
            "port": 8443,
            "protocol": "vless",
            "settings": {"clients": [client]},
            "streamSettings": {"network": "tcp", "security": "none"},
        }
        body = {"name": "amsterdam", "generation": "g2", "inbounds": [inbound]}
        self.panel = sandbox.control("xui/panels", body)
        self.subscription = f"{self.panel['sub_url']}ivans-sub"
        tab.goto(sandbox.url)
        tab.get_by_role("button", name="VPN", exact=True).first.click()

    def look(self):
        return self.sandbox.control("xui/panels/amsterdam")

    def press(self, deed):
        self.tab.get_by_test_id(f"panel-{deed}").click()

    def read(self):
        self.tab.get_by_test_id("vpn-link").fill(self.subscription)
        self.tab.keyboard.press("Enter")
        expect(self.tab.get_by_test_id("vpn-server")).to_have_count(1)

    def show(self, pane):
        if self.tab.viewport_size["width"] < 760:
            self.tab.locator(f"[data-show={pane}]").click()

    def send(self, text, *buttons):
        """The bot writes to the person, with buttons below."""
        message = {"chat_id": 500, "text": text, "reply_markup": {"inline_keyboard": [[*buttons]]}}
        request = urllib.request.Request(
            f"{self.sandbox.url}/telegram/bot{self.token}/sendMessage",
            data=json.dumps(message).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert json.load(answer)["ok"]


@pytest.fixture
def play(open_browser, sandbox, bot_token):
    def start(**options):
        return Scene(open_browser(**options), sandbox, bot_token)

    return start


def test_an_app_connects_until_the_panel_stops_letting_it_in(play):
    scene = play()
    tab = scene.tab
    scene.read()
    expect(tab.get_by_test_id("vpn-usage")).to_have_text("0 B of 3 GB")
    tab.get_by_test_id("vpn-connect").click()
    expect(tab.get_by_test_id("vpn-status")).to_have_text("Connected: Amsterdam-ivan")
    row = tab.get_by_test_id("panel-client")
    expect(row).to_contain_text("online")
    assert scene.look()["online"] == ["ivan"]
    for _ in range(3):
        tab.get_by_test_id("panel-spend").click()
    expect(row).to_contain_text("off")
    expect(tab.get_by_test_id("panel-spend")).to_be_disabled()
    # The app talks on, and is told at its next word.
    expect(tab.get_by_test_id("vpn-status")).to_contain_text("lets nobody in")
    tab.get_by_test_id("vpn-again").click()
    expect(tab.get_by_test_id("vpn-usage")).to_have_text("3 GB of 3 GB")


def test_a_panel_is_switched_stopped_upgraded_and_put_back(play):
    scene = play()
    scene.press("xray")
    expect(scene.tab.get_by_test_id("panel")).to_contain_text("Xray stopped")
    scene.press("power")
    expect(scene.tab.get_by_role("button", name="Switch on")).to_be_visible()
    assert scene.look()["reachable"] is False
    scene.press("power")
    scene.press("xray")
    expect(scene.tab.get_by_test_id("panel")).to_contain_text("Xray runs")
    at = scene.look()["now_ms"]
    scene.press("next_day")
    scene.press("upgrade")
    expect(scene.tab.get_by_test_id("panel")).to_contain_text("g3b · 3.6.0")
    expect(scene.tab.get_by_test_id("panel-upgrade")).to_be_hidden()
    assert scene.look()["now_ms"] - at >= 86_400_000
    scene.tab.get_by_test_id("panel-spend").click()
    expect(scene.tab.get_by_test_id("panel-client")).to_contain_text("1 GB of 3 GB")
    scene.press("restore")
    expect(scene.tab.get_by_test_id("panel-client")).to_contain_text("0 B of 3 GB")


def test_a_bot_leads_to_its_page_and_its_link_to_the_app(play, live_site):
    scene = play(viewport=PHONE)
    tab = scene.tab
    scene.show("seller")
    tab.get_by_test_id("private-chat").click()
    tab.get_by_test_id("start-bot").click()
    site = tab.locator("html").get_attribute("data-site")
    scene.send(
        f"Yours: {scene.subscription}", {"text": "Cabinet", "web_app": {"url": f"{site}/cabinet"}}
    )
    # Nobody answers at the address of the sandbox's site in tests: what is asked is what counts.
    tab.route(f"{site}/**", lambda route: route.fulfill(body="<h1>Cabinet</h1>"))
    tab.get_by_test_id("key").click()
    frame = tab.get_by_test_id("web-app-frame")
    expect(frame.content_frame.get_by_role("heading")).to_have_text("Cabinet")
    signed = parse_qs(urlsplit(frame.get_attribute("src")).fragment)["tgWebAppData"][0]
    assert '"id":500' in parse_qs(signed)["user"][0]
    tab.keyboard.press("Escape")
    expect(frame).to_have_count(0)
    message = tab.get_by_test_id("message").last
    message.hover()
    message.get_by_test_id("message-menu").click()
    tab.get_by_test_id("sheet-to-vpn").click()
    expect(tab.get_by_test_id("vpn-server")).to_contain_text("Amsterdam-ivan")


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "dark")]
)
def test_axe_finds_nothing_serious(play, viewport, scheme):
    # Axe is put into the page, which the page's own policy forbids.
    scene = play(viewport=viewport, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    scene.read()
    scene.tab.get_by_test_id("vpn-connect").click()
    expect(scene.tab.get_by_test_id("vpn-status")).to_contain_text("Connected")
    for pane in ("app", "panels"):
        scene.show(pane)
        found = Axe().run(scene.tab).response["violations"]
        grave = [f for f in found if f["impact"] in ("serious", "critical")]
        assert [(f["id"], node["html"]) for f in grave for node in f["nodes"]] == []
        assert scene.tab.evaluate("document.documentElement.scrollWidth") == viewport["width"]
