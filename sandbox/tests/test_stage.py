"""The stage page, served and, where a Chromium is found, played."""

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from .conftest import BOT, Seller, World


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
def open_stage(browser, world):
    """Return a maker of pages: ``open_stage(width=…)``; its complaints fail the test at the end.

    What a page asks for goes into its ``asked``.
    """
    contexts, complaints = [], []

    def open_page(*, width=1280, **options):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, locale="en-GB", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8000)
        page.asked = []
        page.on("request", lambda request: page.asked.append(urlsplit(request.url).path))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(world.url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize("width", [360, 1280])
def test_buyer_and_seller_talk_on_the_stage(open_stage, world, width):
    group = world.group()
    thread = world.topic(group, "Anna")
    seller = Seller(world)
    page = open_stage(width=width)

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
    assert {path for path in page.asked if path != "/" and not path.startswith(ours)} == set()


def test_a_thread_keeps_the_readers_place(open_stage, world):
    for number in range(120):
        world.control("telegram/say", bot=BOT, chat_id=500, user=500, text=f"line {number}")
    page = open_stage()
    page.click("[data-testid=private-chat]")
    page.wait_for_selector("text=line 119")
    thread = page.locator("[data-testid=seller-thread]")
    thread.evaluate("node => { node.scrollTop = 300 }")
    page.wait_for_timeout(100)
    world.result("sendMessage", chat_id=500, text="one more")
    page.wait_for_selector("text=one more", state="attached")
    assert thread.evaluate("node => node.scrollTop") == 300


@pytest.fixture
def seller(world):
    return Seller(world)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (360, "light")])
def test_axe_finds_nothing_serious(open_stage, world, seller, width, scheme):
    chat, group = seller.new_chat(), world.group()
    for kind in ("voice", "location", "link", "item"):
        body = {"voice": "sample"} if kind == "voice" else {}
        world.control("avito/say", chat_id=chat, type=kind, **body)
    for kind in ("text", "voice", "location", "sticker", "document"):
        world.control("telegram/say", chat_id=group, user=500, **{kind: "sample"})
    # Axe is put into the page, which the page's own policy forbids.
    page = open_stage(width=width, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    panes = {"buyer": ["buyer-chat"], "seller": ["group", "topic", "seller-attach"], "tools": []}
    for pane, steps in panes.items():
        if width < 760:
            page.click(f"[data-show={pane}]")
        choose(page, *steps)
        page.wait_for_timeout(300)
        found = Axe().run(page).response["violations"]
        grave = [f for f in found if f["impact"] in ("serious", "critical")]
        shown = [(f["id"], node["html"]) for f in grave for node in f["nodes"]]
        assert shown == []
        page.keyboard.press("Escape")


@pytest.fixture
def bought(open_stage, seller):
    """The stage with a buyer's chat open; the chat's id is its ``chat``."""
    chat = seller.new_chat()
    page = open_stage()
    page.click("[data-testid=buyer-chat]")
    page.chat = chat
    return page


def choose(page, *steps):
    """Open a sheet and choose what stands in it: ``"buyer-attach"``, ``"sheet-voice"`` …"""
    for step in steps:
        page.click(f"[data-testid='{step}']")


def menu_of(page, thread, text):
    bubble = page.locator(f"[data-testid={thread}] [data-testid=message]", has_text=text)
    bubble.hover()
    bubble.locator("[data-testid=message-menu]").click()


def test_a_buyer_sends_everything(bought, seller):
    kinds = ("photo", "voice", "location", "link", "item", "call")
    for kind in (*kinds, "appCall", "file", "video", "unknown", "system", "empty"):
        choose(bought, "buyer-attach", f"sheet-{kind}")
    bought.wait_for_selector("[data-testid=message] >> nth=11")
    sent = [message["type"] for message in reversed(seller.messages(bought.chat))]
    assert sent == [
        *("image", "voice", "location", "link", "item", "call", "appCall", "file", "video"),
        *("unknown", "system", "text"),
    ]
    assert seller.messages(bought.chat)[0]["content"] == {}
    thread = bought.locator("[data-testid=buyer-thread]")
    thread.locator("img.shot").evaluate("image => image.decode()")
    for text in ("Кремлёвская улица, 2", "Все статьи", "3 500 ₽", "Missed call", "[Video]"):
        assert thread.get_by_text(text).first.is_visible()


def test_a_voice_is_heard_on_both_phones(bought, world):
    group = world.group()
    world.control("telegram/say", chat_id=group, user=500, voice="sample")
    choose(bought, "buyer-attach", "sheet-voice")
    choose(bought, "group", "topic")
    for phone in ("buyer", "seller"):
        bought.click(f"#{phone} [data-testid=play]")
        bought.wait_for_selector(f"#{phone} .wave .done")


def test_a_buyer_quotes_takes_back_and_reads(bought, seller):
    asked = seller.say(bought.chat, "How much?")
    sent = seller.send(bought.chat, "Five thousand").json()["id"]
    menu_of(bought, "buyer-thread", "How much?")
    choose(bought, "sheet-quote")
    bought.fill("#buyer-text", "Anybody?")
    bought.keyboard.press("Enter")
    bought.wait_for_selector("[data-testid=buyer-thread] [data-testid=quote] >> text=How much?")
    assert seller.messages(bought.chat)[0]["quote"]["id"] == asked
    bought.click("[data-testid=buyer-read]")
    bought.wait_for_selector("[data-testid=buyer-read]", state="hidden")
    assert {m["id"]: m["read"] for m in seller.messages(bought.chat)}[sent] is not None
    bubble = f"[data-testid=buyer-thread] [data-id='{asked}']"
    bought.hover(bubble)
    bought.click(f"{bubble} [data-testid=message-menu]")
    choose(bought, "sheet-delete")
    bought.wait_for_selector(f"{bubble} >> text=Message deleted")
    assert {m["id"]: m["type"] for m in seller.messages(bought.chat)}[asked] == "deleted"


def test_a_buyer_sees_pictures_deletions_ticks_and_a_ban(bought, seller, world):
    seller.say(bought.chat, "Hello")
    bought.wait_for_selector("[data-testid=buyer-thread] .tick:not(.read)")
    seller.in_chat("POST", "v1", bought.chat, "/read")
    bought.wait_for_selector("[data-testid=buyer-thread] .tick.read")
    picture = world.http.get(f"{world.url}/avito/static/images/sample/640x480", timeout=5).content
    uploaded = seller.account("POST", "v1", "/uploadImages", files={"uploadfile[]": picture}).json()
    image = {"image_id": next(iter(uploaded))}
    sent = seller.in_chat("POST", "v1", bought.chat, "/messages/image", json=image).json()["id"]
    bubble = f"[data-testid=buyer-thread] [data-id='{sent}']"
    bought.wait_for_selector(f"{bubble} img").evaluate("image => image.decode()")
    seller.in_chat("POST", "v1", bought.chat, f"/messages/{sent}")
    bought.wait_for_selector(f"{bubble} >> text=Message deleted")
    buyer = world.look("state")["avito"]["chats"][0]["buyer"]["id"]
    users = [{"user_id": buyer, "context": {"reason_id": 1}}]
    seller.account("POST", "v2", "/blacklist", json={"users": users})
    bought.wait_for_selector("[data-testid=banned]")
    assert bought.locator("#buyer-text").is_hidden()


@pytest.fixture
def topic(open_stage, world):
    """The stage with a topic open; the group's and the topic's ids are ``group``, ``thread``."""
    group = world.group()
    thread = world.topic(group, "Anna")
    page = open_stage()
    choose(page, "group")
    page.click(f"[data-testid=topic][data-id='{thread}']")
    page.group, page.thread = group, thread
    updates(world)
    return page


KINDS = ["message", "edited_message", "message_reaction"]


def updates(world, kind="message"):
    """What bots have heard since they were asked last."""
    found = world.result("getUpdates", allowed_updates=KINDS)
    if found:
        world.result("getUpdates", offset=found[-1]["update_id"] + 1)
    return [update[kind] for update in found if kind in update]


def test_a_seller_sends_everything(topic, world):
    kinds = ("photo", "voice", "document", "video", "audio", "animation", "sticker")
    kinds = (*kinds, "video_note", "location", "venue", "contact", "poll", "dice")
    for kind in kinds:
        choose(topic, "seller-attach", f"sheet-{kind}")
    topic.wait_for_selector(f"[data-testid=message] >> nth={len(kinds) - 1}")
    heard = updates(world)
    assert [next(kind for kind in kinds if kind in message) for message in heard] == [
        "location" if kind == "venue" else "document" if kind == "animation" else kind
        for kind in kinds
    ]
    assert {message["message_thread_id"] for message in heard} == {topic.thread}


def test_an_album_has_its_caption_and_is_in_order(topic, world):
    topic.fill("#seller-text", "Three sides of it")
    choose(topic, "seller-attach", "sheet-album")
    topic.wait_for_selector("[data-testid=message] >> nth=2")
    first, *others = updates(world)
    assert first["caption"] == "Three sides of it"
    assert {message["media_group_id"] for message in others} == {first["media_group_id"]}
    assert len(others) == 2
    assert topic.input_value("#seller-text") == ""


def test_a_picture_of_ones_own_is_sent_from_both_phones(topic, world, seller):
    chat = seller.new_chat()
    topic.click("[data-testid=buyer-chat]")
    picture = world.http.get(f"{world.url}/avito/static/images/sample/140x105", timeout=5).content
    file = {"name": "sofa.jpg", "mimeType": "image/jpeg", "buffer": picture}
    for phone in ("buyer", "seller"):
        choose(topic, f"{phone}-attach")
        with topic.expect_file_chooser() as chooser:
            choose(topic, "sheet-own-photo")
        chooser.value.set_files(file)
        topic.wait_for_selector(f"[data-testid={phone}-thread] img.shot")
    (size,) = {m["content"]["image"]["sizes"]["1280x960"] for m in seller.messages(chat)}
    assert world.http.get(size, timeout=5).content == picture
    assert updates(world)[0]["photo"][-1]["file_size"] == len(picture)


def test_a_seller_answers_changes_reacts_and_deletes(topic, world):
    sent = world.result(
        "sendMessage", chat_id=topic.group, message_thread_id=topic.thread, text="Is it there?"
    )
    menu_of(topic, "seller-thread", "Is it there?")
    choose(topic, "sheet-reply")
    topic.fill("#seller-text", "Yes, it si")
    topic.keyboard.press("Enter")
    topic.wait_for_selector("[data-testid=seller-thread] [data-testid=quote]")
    (answer,) = updates(world)
    assert answer["reply_to_message"]["message_id"] == sent["message_id"]

    menu_of(topic, "seller-thread", "Yes, it si")
    choose(topic, "sheet-edit")
    assert topic.input_value("#seller-text") == "Yes, it si"
    topic.fill("#seller-text", "Yes, it is")
    topic.keyboard.press("Enter")
    topic.wait_for_selector("[data-testid=seller-thread] >> text=edited")
    (edited,) = updates(world, "edited_message")
    assert (edited["message_id"], edited["text"]) == (answer["message_id"], "Yes, it is")

    menu_of(topic, "seller-thread", "Yes, it is")
    choose(topic, "emoji-👎")
    topic.wait_for_selector("[data-testid=reactions] >> text=👎")
    (reaction,) = updates(world, "message_reaction")
    assert reaction["new_reaction"] == [{"type": "emoji", "emoji": "👎"}]

    menu_of(topic, "seller-thread", "Yes, it is")
    choose(topic, "sheet-delete")
    topic.wait_for_selector("[data-testid=seller-thread] .gone")
    assert world.chat(topic.group)["messages"][-1]["deleted"] is True


def test_a_command_is_offered_as_it_is_typed(topic, world):
    topic.fill("#seller-text", "/h")
    offered = topic.locator("[data-testid=command] b").all_text_contents()
    assert offered == ["/hold", "/help"]
    topic.click("[data-testid=command] >> text=/hold")
    topic.wait_for_selector("[data-testid=seller-thread] >> text=/hold")
    topic.fill("#seller-text", "/n")
    topic.click("[data-testid=command]")
    assert topic.input_value("#seller-text") == "/note "
    topic.type("#seller-text", "call at noon")
    topic.keyboard.press("Enter")
    topic.wait_for_selector("[data-testid=seller-thread] >> text=call at noon")
    assert [message["text"] for message in updates(world)] == ["/hold", "/note call at noon"]


def test_a_topic_is_closed_renamed_opened_and_deleted(topic, world):
    def found():
        return world.chat(topic.group)["topics"][0]

    choose(topic, "topic-menu", "sheet-toggle")
    topic.wait_for_selector("text=The topic is closed")
    assert found()["closed"] is True
    choose(topic, "topic-menu", "sheet-rename")
    topic.fill("[data-testid=sheet-input]", "Anna, sofa")
    choose(topic, "sheet-save")
    topic.wait_for_selector("#seller .titles >> text=Anna, sofa")
    choose(topic, "topic-menu", "sheet-toggle")
    topic.wait_for_selector("text=The topic is closed", state="hidden")
    assert (found()["closed"], found()["name"]) == (False, "Anna, sofa")
    choose(topic, "topic-menu", "sheet-delete-topic")
    topic.wait_for_selector("[data-testid=topics] >> text=No topics yet")
    assert found()["deleted"] is True


def test_a_bot_is_kicked_comes_back_and_follows_the_group(topic, world):
    def status():
        (chat,) = [c for c in world.look("state")["telegram"]["chats"] if not c["migrated_to"]]
        return chat["bots"]["111222"]

    choose(topic, "back", "group-menu", "sheet-kick")
    topic.wait_for_selector("[data-testid=sheet]", state="detached")
    topic.wait_for_timeout(700)
    assert status() == "kicked"
    choose(topic, "group-menu", "sheet-return")
    topic.wait_for_timeout(700)
    assert status() == "administrator"
    choose(topic, "group-menu", "sheet-no-topics")
    topic.wait_for_timeout(300)
    refused = world.refusal("createForumTopic", chat_id=topic.group, name="x")
    assert refused[0] == 400
    choose(topic, "group-menu", "sheet-all-rights")
    topic.wait_for_timeout(300)
    world.topic(topic.group, "Boris")
    topic.wait_for_selector("[data-testid=topic] >> text=Boris")
    choose(topic, "group-menu", "sheet-migrate")
    topic.wait_for_selector("[data-testid=topics] >> text=No topics yet")
    moved = updates(world)[-1]
    assert moved["migrate_from_chat_id"] == topic.group


def test_the_usual_faults_are_one_touch_away(topic, seller, world):
    chat = seller.new_chat()
    choose(topic, "f_429_chat")
    limited = world.telegram("sendChatAction", chat_id=topic.group, action="typing")
    assert limited.json()["parameters"] == {"retry_after": 15}
    choose(topic, "avito-f_502")
    assert seller.send(chat).status_code == 502
    choose(topic, "f_token")
    topic.wait_for_selector("[data-testid=faults] >> text=token expired")
    world.control("reset")
    topic.wait_for_selector("[data-testid=faults] .fine")
    choose(topic, "f_429_chat")
    topic.wait_for_selector("#toasts >> text=Open one of the seller's chats first")


def test_the_avito_account_is_refused_and_silent(open_stage, seller, world):
    page = open_stage()
    page.select_option("#refuse", "402")
    page.uncheck("#deliver")
    page.uncheck("#deletions")
    page.wait_for_timeout(700)
    state = world.look("state")["avito"]
    assert (state["deliver"], state["deletions"]) == (False, False)
    assert seller.account("GET", "v2", "/chats").status_code == 402
    page.select_option("#refuse", "")
    page.wait_for_timeout(300)
    assert seller.account("GET", "v2", "/chats").status_code == 200


def test_a_fault_is_switched_on_and_off_and_calls_are_shown(open_stage, world):
    page = open_stage()
    choose(page, "own-fault")
    page.select_option("#fault-on", "telegram.sendMessage")
    choose(page, "fault-add")
    page.wait_for_selector("[data-testid=faults] >> text=telegram.sendMessage")
    assert world.telegram("sendMessage", chat_id=500, text="x").status_code == 502
    page.wait_for_selector("[data-testid=journal] tr.bad >> text=502")
    world.fault("telegram.getMe", "drop")
    choose(page, "fault-clear")
    page.wait_for_selector("[data-testid=faults] .fine")
    assert world.look("faults") == []
