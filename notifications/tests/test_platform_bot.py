"""The platform's bot: what it answers, in which language, and that its link stays secret."""

import json
import re
import time

import pytest
import requests
from django.conf import settings as site
from django.core import serializers

from accounts.models import LinkToken, User
from accounts.services.settings import update_site_settings
from integrations.models import Bot, Delivery, InboundEvent
from integrations.services import inbox, pump
from integrations.services.bots import create_bot
from notifications.models import ChannelAddress, Preference
from notifications.services import bot_replies, bot_screens, notify, planning
from notifications.services.kinds import kinds, register_notification
from notifications.services.preferences import is_wanted, set_wanted
from notifications.services.start_payloads import StartAnswer, _handlers, register_start_payload
from notifications.tests.conftest import PERSON

GROUP = -1_001_234_567_890
TELEGRAM = ChannelAddress.Channel.TELEGRAM


def answer(sandbox, action: str, body: dict) -> None:
    """Let a person do something and the site hear it and answer."""
    known = InboundEvent.objects.count()
    sandbox.control(f"telegram/{action}", body)
    deadline = time.monotonic() + 10
    while InboundEvent.objects.count() == known:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    inbox.drain()
    pump.drain("telegram")


def said(sandbox, token, chat=PERSON) -> list[dict]:
    messages = sandbox.control(f"telegram/chats/{chat}?bot={token}")["messages"]
    return [message for message in messages if message["from"]["is_bot"]]


@pytest.fixture
def say(platform_bot, sandbox, bot_token):
    """Say something to the platform's bot in private; return what it answered last."""

    def speak(text: str, *, user=PERSON) -> dict | None:
        body = {"bot": bot_token, "chat_id": user, "user": user, "text": text}
        answer(sandbox, "say", body)
        messages = said(sandbox, bot_token, user)
        return messages[-1] if messages else None

    return speak


@pytest.fixture
def press(sandbox, bot_token):
    def push(message: dict, data: str) -> dict:
        body = {
            "bot": bot_token,
            "chat_id": PERSON,
            "user": PERSON,
            "message_id": message["message_id"],
            "data": data,
        }
        answer(sandbox, "press", body)
        return said(sandbox, bot_token)[-1]

    return push


def buttons(message: dict) -> list[dict]:
    return [button for row in message.get("buttons", []) for button in row]


def speaks(sandbox, language: str | None) -> None:
    body = {"id": PERSON, "first_name": "Olga"}
    sandbox.control("telegram/users", body | ({"language_code": language} if language else {}))


def test_start_greets_with_the_app_and_a_link(say, owner):
    owner.telegram_id = PERSON
    owner.save()

    message = say("/start")

    assert "Hello, Olga!" in message["text"]
    *menu, app, link = buttons(message)
    assert "settings:" in [button["callback_data"] for button in menu]
    assert app["web_app"]["url"] == site.WEB_APP_URL
    token = re.fullmatch(rf"{site.SITE_URL}/login\?token=([\w-]+)", link["url"])[1]
    row = LinkToken.objects.get()
    assert (row.user, row.purpose) == (owner, "sign_in")
    assert row.data["id"] == PERSON
    stored = "".join(
        json.dumps(serializers.serialize("python", model.objects.all()), default=str)
        for model in (LinkToken, Delivery, InboundEvent)
    )
    assert token not in stored
    assert Delivery.objects.get(kind=bot_replies.REPLY).result == {
        "message_id": message["message_id"]
    }


def test_an_unknown_person_gets_a_link_too(say):
    say("/start")
    row = LinkToken.objects.get()
    assert row.user is None
    assert row.data["first_name"] == "Olga"


@pytest.mark.parametrize(
    ("chosen", "telegrams", "word"),
    [
        ("", "ru", "Здравствуйте"),
        ("", "ru-RU", "Здравствуйте"),
        ("", "en", "Hello"),
        ("", "de", "Hello"),
        ("", None, "Здравствуйте"),
        ("en", "ru", "Hello"),
        ("ru", "en", "Здравствуйте"),
    ],
)
def test_the_language_of_the_answer(say, sandbox, owner, chosen, telegrams, word):
    speaks(sandbox, telegrams)
    owner.telegram_id, owner.lang_code = PERSON, chosen
    owner.save()
    assert say("/start")["text"].startswith(word)


def test_without_https_a_plain_link_opens_the_app(say, settings):
    settings.SANDBOX_URL = ""
    *_menu, app, _link = buttons(say("/start"))
    assert app["url"] == site.WEB_APP_URL


def test_an_address_that_telegram_refuses_is_written_out(say, settings, sandbox):
    settings.SANDBOX_URL = ""
    settings.WEB_APP_URL = "nowhere"

    message = say("/start")

    assert all("callback_data" in button for button in buttons(message))
    assert "nowhere" in message["text"]
    assert f"{site.SITE_URL}/login?token=" in message["text"]


def test_help_and_the_bots_own_name(say):
    assert "/settings" in say("/help")["text"]
    assert "/settings" in say("/HELP@Platform_Test_Bot")["text"]


@pytest.mark.parametrize("text", ["/help@other_bot", "/unknown", "/", "/start\n/x y z"])
def test_what_is_not_for_us_is_left_alone(say, text):
    assert say(text) is None
    assert not Delivery.objects.filter(kind=bot_replies.REPLY).exists()


def test_getid_in_private(say):
    assert f"{PERSON}" in say("/getid")["text"]


@pytest.mark.parametrize("of_the_platform", [True, False], ids=["platform bot", "shop's bot"])
def test_getid_in_a_topic_of_a_group(
    platform_bot, organization, sandbox, bot_token, of_the_platform
):
    token = bot_token
    if not of_the_platform:
        token = "712345678:AAshop-bot-of-somebody-0000000000000"
        sandbox.control("telegram/bots", {"token": token, "username": "shop_test_bot"})
        create_bot(actor=None, organization=organization, name="Shop", token=token)
    sandbox.control(
        "telegram/groups",
        {
            "chat_id": GROUP,
            "title": "G",
            "bots": [token],
            "is_forum": True,
            "rights": {"can_manage_topics": True},
        },
    )
    inbox.drain()
    known = InboundEvent.objects.count()
    made = requests.post(
        f"{sandbox.url}/telegram/bot{token}/createForumTopic",
        json={"chat_id": GROUP, "name": "T"},
        timeout=10,
    )
    thread = made.json()["result"]["message_thread_id"]
    # The bot hears of the topic that it made itself.
    deadline = time.monotonic() + 10
    while InboundEvent.objects.count() == known:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    inbox.drain()

    body = {"chat_id": GROUP, "user": PERSON, "text": "/getid", "thread_id": thread}
    answer(sandbox, "say", body)

    (message,) = said(sandbox, token, GROUP)
    assert str(GROUP) in message["text"]
    assert str(thread) in message["text"]
    assert message["thread_id"] == thread


def test_other_commands_in_groups_and_to_other_bots_are_not_ours(
    platform_bot, organization, sandbox, bot_token
):
    sandbox.control("telegram/groups", {"chat_id": GROUP, "title": "G", "bots": [bot_token]})
    inbox.drain()
    answer(sandbox, "say", {"chat_id": GROUP, "user": PERSON, "text": "/start"})
    Bot.objects.filter(pk=platform_bot.pk).update(is_platform=False)
    answer(
        sandbox, "say", {"bot": bot_token, "chat_id": PERSON, "user": PERSON, "text": "/settings"}
    )
    assert not Delivery.objects.filter(kind=bot_replies.REPLY).exists()


def test_settings_of_an_unknown_person_are_kept_in_an_account_of_theirs(say, press):
    press(say("/settings"), "language:ru")
    person = User.objects.get(telegram_id=PERSON)
    assert (person.lang_code, person.first_name, person.has_usable_password()) == (
        "ru",
        "Olga",
        False,
    )


def test_nobody_gets_an_account_while_registration_is_closed(say, staff):
    update_site_settings(actor=staff, changes={"is_registration_open": False})
    assert say("/settings")["text"] == "Регистрация закрыта."
    assert not User.objects.filter(telegram_id=PERSON).exists()


def test_language_by_a_button(say, press, owner):
    owner.telegram_id = PERSON
    owner.save()
    shown = say("/settings")
    assert [b["text"] for b in buttons(shown)] == [
        "Русский", "✓ English", "✓ Notices on", "Notices off", "Menu",
    ]  # fmt: skip

    edited = press(shown, "language:ru")

    owner.refresh_from_db()
    assert owner.lang_code == "ru"
    assert edited["message_id"] == shown["message_id"]
    assert buttons(edited)[0]["text"] == "✓ Русский"
    assert Delivery.objects.get(kind=bot_screens.ANSWER_PRESS).state == "sent"


def test_notices_by_a_button(say, press, owner, sandbox, bot_token):
    owner.telegram_id = PERSON
    owner.save()
    if "tests.optional" not in kinds:
        register_notification("tests.optional", subject="s", text="optional")
        register_notification("tests.mandatory", subject="s", text="mandatory", mandatory=True)
    shown = say("/settings")

    edited = press(shown, "notices:off")
    assert buttons(edited)[3]["text"] == "✓ Notices off"
    for kind in ("tests.optional", "tests.mandatory"):
        notify(kind=kind, recipient=owner, context={}, dedup_key=kind)
    planning.plan_due()
    channels = Delivery.objects.filter(kind__in=["notifications.telegram", "notifications.email"])
    assert sorted(channels.values_list("channel", flat=True)) == ["mail", "mail", "telegram"]

    press(edited, "notices:on")
    assert is_wanted(owner, TELEGRAM)


def test_a_press_of_who_is_banned_changes_nothing(say, press, owner):
    owner.telegram_id = PERSON
    owner.save()
    shown = say("/settings")
    type(owner).objects.filter(pk=owner.pk).update(is_active=False)
    press(shown, "notices:off")
    assert not Preference.objects.exists()


@pytest.mark.django_db
def test_wishes_are_kept_by_channel(owner):
    set_wanted(owner, "email", is_wanted=False)
    set_wanted(owner, TELEGRAM, is_wanted=False)
    set_wanted(owner, "email", is_wanted=True)
    assert (is_wanted(owner, "email"), is_wanted(owner, TELEGRAM)) == (True, False)


@pytest.fixture
def deep_link():
    came = []

    def hear(start):
        came.append((start.rest, start.user))
        return StartAnswer("Order <7>", "Show", "https://e.org/7") if start.rest == "7" else None

    register_start_payload("order", hear)
    yield came
    _handlers._entries.pop("order")


def test_a_deep_link_is_answered_by_who_registered_it(say, owner, deep_link):
    owner.telegram_id = PERSON
    owner.save()
    message = say("/start order-7")
    assert message["text"] == "Order <7>"
    assert buttons(message) == [{"text": "Show", "url": "https://e.org/7"}]
    assert deep_link == [("7", owner)]


@pytest.mark.parametrize("payload", ["order-8", "other-7", "order"])
def test_a_deep_link_that_means_nothing_greets(say, deep_link, payload):
    assert "/login?token=" in buttons(say(f"/start {payload}"))[-1]["url"]


def test_an_update_handled_twice_answers_once(say, sandbox):
    say("/help")
    event = InboundEvent.objects.latest("pk")
    InboundEvent.objects.filter(pk=event.pk).update(state="new")
    inbox.drain()
    assert Delivery.objects.filter(kind=bot_replies.REPLY).count() == 1


def test_a_press_that_means_nothing_is_answered(say, press, sandbox, owner):
    owner.telegram_id = PERSON
    owner.save()
    shown = say("/settings")
    event = InboundEvent.objects.latest("pk")
    query = {
        "id": "1",
        "from": {"id": PERSON, "language_code": "en"},
        "message": {"chat": {"id": PERSON, "type": "private"}, "message_id": 1, "text": "x"},
        "data": "nothing:7",
    }
    inbox.receive(
        source="telegram",
        account_id=event.account_id,
        external_id="nothing",
        lane=event.lane,
        payload={"callback_query": query},
    )
    inbox.drain()
    answered = Delivery.objects.get(kind=bot_screens.ANSWER_PRESS)
    assert answered.payload["toast"] == "This button does nothing any more. Send /start."
    assert Delivery.objects.filter(kind=bot_screens.SCREEN).count() == 1
    # Back at the menu from the settings, and to them again, in the same message.
    menu = press(shown, "menu:")
    assert menu["message_id"] == shown["message_id"]
    assert press(menu, "settings:")["text"].startswith("Settings")


def test_a_screen_comes_anew_where_its_message_is_gone(say, press, sandbox, bot_token, owner):
    owner.telegram_id = PERSON
    owner.save()
    shown = say("/settings")
    gone = "Bad Request: message to edit not found"
    sandbox.fault("telegram.editMessageText", "error", error=gone, times=1)
    assert press(shown, "menu:")["message_id"] > shown["message_id"]


def test_a_notice_offers_what_can_be_done_at_once(reader, sandbox, bot_token):
    if "tests.buttons" not in kinds:
        register_notification(
            "tests.buttons",
            subject="s",
            text="t",
            buttons=lambda context: [("Back", f"menu:{context['of']}")],
        )
    notify(kind="tests.buttons", recipient=reader, context={"of": 5, "path": "/x"}, dedup_key="b")
    planning.plan_due()
    pump.drain("telegram")
    back, page = buttons(said(sandbox, bot_token)[-1])
    assert (back["text"], back["callback_data"]) == ("Back", "new:menu:5")
    assert page["text"] == "Open the page"
