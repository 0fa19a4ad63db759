"""The stage page, served and, where a Chromium is found, played."""

import shutil
from urllib.parse import urlsplit

import pytest

from .conftest import BOT, Seller, World

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.parametrize(
    ("accept", "query", "language"),
    [
        ("", "", "ru"),
        ("en-US,en;q=0.9", "", "en"),
        ("de,ru;q=0.8,en;q=0.5", "", "ru"),
        ("ru", "?lang=en", "en"),
        ("en", "?lang=xx", "en"),
    ],
)
def test_the_page_speaks_the_browsers_language(world, accept, query, language):
    headers = {"Accept-Language": accept}
    response = world.http.get(f"{world.url}/{query}", headers=headers, timeout=5)
    assert f'<html lang="{language}"' in response.text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_the_page_links_to_the_site(start):
    process = start(SANDBOX_SITE_URL="http://127.0.0.1:8123/").wait_ready()
    page = World(process.url).http.get(process.url, timeout=5).text
    assert 'href="http://127.0.0.1:8123"' in page


def test_t_me_leads_to_the_stage_with_the_bot(world):
    address = f"{world.url}/t.me/shop_bot?start=link-a_b%26c"
    response = world.http.get(address, timeout=5, allow_redirects=False)
    assert (response.status_code, response.headers["Location"]) == (
        302,
        "/?bot=shop_bot&start=link-a_b%26c",
    )


@pytest.fixture
def chromium():
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic"]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        opened.complaints = []
        yield opened
        opened.close()
    assert opened.complaints == []


def open_stage(chromium, world, *, width, asked):
    """The page at ``width``; every request goes into ``asked``, complaints fail the test."""
    page = chromium.new_page(viewport={"width": width, "height": 800}, locale="en-GB")
    page.set_default_timeout(8000)
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.on("pageerror", lambda error: chromium.complaints.append(str(error)))
    page.on("console", lambda message: chromium.complaints.append(message.text))
    page.goto(world.url)
    return page


@pytest.mark.parametrize("width", [360, 1280])
def test_buyer_and_seller_talk_on_the_stage(chromium, world, width):
    group = world.group()
    thread = world.topic(group, "Anna")
    seller = Seller(world)
    asked = []
    page = open_stage(chromium, world, width=width, asked=asked)

    def show(pane):
        if width < 760:
            page.click(f"[data-show={pane}]")

    show("tools")
    page.fill("#new-chat-title", "Bicycle")
    page.click("#new-chat")
    page.fill("#buyer-text", "Still <b>there</b>?")
    page.click("#buyer-send")
    page.wait_for_selector("[data-testid=buyer-thread] .mine >> text=Still <b>there</b>?")
    chat = world.look("state")["avito"]["chats"][0]["chat_id"]
    assert seller.messages(chat)[0]["content"]["text"] == "Still <b>there</b>?"
    seller.send(chat, "Yes, it is")
    page.wait_for_selector("[data-testid=buyer-thread] .theirs >> text=Yes, it is")

    show("seller")
    page.click("[data-testid=group]")
    page.click(f"[data-testid=topic][data-id='{thread}']")
    world.result("sendMessage", chat_id=group, text="from the bot", message_thread_id=thread)
    page.wait_for_selector("[data-testid=seller-thread] .theirs >> text=from the bot")
    page.fill("#seller-text", "answered")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-testid=seller-thread] .mine >> text=answered")
    update = world.result("getUpdates")[-1]["message"]
    assert (update["text"], update["message_thread_id"]) == ("answered", thread)

    assert page.evaluate("document.documentElement.scrollWidth") == width
    ours = ("/static/", "/control/", "/avito/static/")
    assert {path for path in asked if path != "/" and not path.startswith(ours)} == set()


def test_a_thread_keeps_the_readers_place(chromium, world):
    for number in range(120):
        world.control("telegram/say", bot=BOT, chat_id=500, user=500, text=f"line {number}")
    page = open_stage(chromium, world, width=1280, asked=[])
    page.click("[data-testid=private-chat]")
    page.wait_for_selector("text=line 119")
    thread = page.locator("[data-testid=seller-thread]")
    thread.evaluate("node => { node.scrollTop = 300 }")
    page.wait_for_timeout(100)
    world.result("sendMessage", chat_id=500, text="one more")
    page.wait_for_selector("text=one more", state="attached")
    assert thread.evaluate("node => node.scrollTop") == 300


def test_a_fault_is_switched_on_and_off_and_calls_are_shown(chromium, world):
    page = open_stage(chromium, world, width=1280, asked=[])
    page.click("summary >> nth=2")
    page.select_option("#fault-on", "telegram.sendMessage")
    page.click("[data-testid=fault-add]")
    page.wait_for_selector("[data-testid=faults] >> text=telegram.sendMessage")
    assert world.telegram("sendMessage", chat_id=500, text="x").status_code == 502
    page.wait_for_selector("[data-testid=journal] tr.bad >> text=502")
    world.fault("telegram.getMe", "drop")
    page.click("[data-testid=fault-clear]")
    page.wait_for_selector("[data-testid=faults] .fine")
    assert world.look("faults") == []
