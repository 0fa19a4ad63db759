"""Groups that fail: nothing is lost, nothing is tried in vain, and the owner hears of it once."""

import secrets

import pytest

from dialogs.models import Dialog, Message
from dialogs.services import groups
from dialogs.tests.relay import RIGHTS, Relay, deliveries, wait_for
from integrations.models import Bot, Delivery, Hold
from integrations.services.avito_accounts import create_avito_account
from integrations.services.bots import create_bot
from integrations.services.membership import look_at_groups
from notifications.models import Notification

ABOUT_GROUPS = "dialogs.group_"


def told(code: str = "") -> list[str]:
    rows = Notification.objects.filter(kind__startswith=ABOUT_GROUPS).order_by("pk")
    return [row.kind.removeprefix(ABOUT_GROUPS) for row in rows]


def deed(relay: Relay, name: str, **more) -> None:
    body = {"bot": relay.token, "chat_id": relay.group, **more}
    relay.sandbox.control(f"telegram/{name}", body)


def troubles_are(relay: Relay, *names: str) -> None:
    """Take in what Telegram told of the bot's place, until it is this."""
    relay.run(until=lambda: Bot.objects.get(pk=relay.bot.pk).group_troubles == list(names))


def sends(relay: Relay) -> int:
    return len(relay.sandbox.calls("telegram.sendMessage"))


def other_dialogs(relay: Relay, count: int) -> list[str]:
    return [relay.make_chat(f"Buyer {number}") for number in range(count)]


def test_a_bot_that_was_thrown_out_holds_all_and_delivers_in_order_at_once_after_its_return(
    relay, owner, colleague
):
    chats = [relay.chat, *other_dialogs(relay, 3)]
    for chat in chats:
        relay.buyer_says("One", chat=chat)
    relay.run()
    deed(relay, "kick")
    troubles_are(relay, "bot_kicked")
    tried = sends(relay)
    for text in ("Two", "Three"):
        for chat in chats:
            relay.buyer_says(text, chat=chat)
    for _ in range(3):
        relay.run(until=lambda: Message.objects.filter(status="queued").count() == 8)
        relay.hurry()
    assert sends(relay) == tried
    assert Hold.objects.filter(reason="group_refused").count() == 1
    (notice,) = Notification.objects.filter(kind__startswith=ABOUT_GROUPS)
    assert (notice.kind, notice.recipient) == (groups.GROUP_UNUSABLE, owner)
    assert notice.context["code"] == "bot_kicked"
    assert "no longer in the group" in notice.context["reason"]
    assert "@shop_test_bot" in notice.context["advice"]

    deed(relay, "return", rights=RIGHTS)
    relay.run()
    assert told() == ["unusable", "usable"]
    for chat in chats:
        words = "\n".join(relay.in_topic(Dialog.objects.get(external_id=chat))[1:])
        assert words.index("One") < words.index("Two") < words.index("Three")
        assert [words.count(text) for text in ("One", "Two", "Three")] == [1, 1, 1]


def test_a_refused_call_without_any_update_is_one_call_for_the_whole_group(relay, sandbox):
    chats = [relay.chat, *other_dialogs(relay, 4)]
    for chat in chats:
        relay.buyer_says("One", chat=chat)
    relay.run()
    kicked = "Forbidden: bot was kicked from the supergroup chat"
    sandbox.fault("telegram.sendMessage", "error", status=403, error=kicked)
    tried = sends(relay)
    for chat in chats:
        relay.buyer_says("Two", chat=chat)
    relay.run(until=lambda: Bot.objects.get().group_refused_at)
    for _ in range(3):
        relay.hurry()
        relay.run(until=lambda: not Delivery.objects.filter(state="sending").exists())
    assert sends(relay) == tried + 1
    sandbox.clear_faults()
    assert look_at_groups() == 1
    relay.run()
    assert set(Message.objects.values_list("status", flat=True)) == {"delivered"}
    assert told() == ["unusable", "usable"]


def test_without_the_right_to_make_topics_the_topics_that_are_there_go_on(relay, owner):
    relay.buyer_says("One")
    relay.run()
    deed(relay, "rights", rights=RIGHTS | {"can_manage_topics": False})
    troubles_are(relay, "can_manage_topics")
    newcomers = other_dialogs(relay, 3)
    for chat in newcomers:
        relay.buyer_says("Hello", chat=chat)
    relay.buyer_says("Two")
    relay.run(until=lambda: relay.message("Two").status == "delivered")
    assert relay.in_topic()[-1] == "Two"
    assert len(relay.sandbox.calls("telegram.createForumTopic")) == 1
    assert not Hold.objects.filter(reason="group_refused").exists()
    notice = Notification.objects.get(kind=groups.GROUP_UNUSABLE)
    assert notice.context["reason"] == "The bot lacks rights in the group: manage topics."

    deed(relay, "rights")
    relay.run()
    for chat in newcomers:
        assert relay.in_topic(Dialog.objects.get(external_id=chat))[1:] == ["Hello"]
    assert told() == ["unusable", "usable"]


def test_a_bot_that_never_had_rights_is_told_of_with_all_it_lacks(relay):
    relay.group = relay.make_group("No rights", rights=dict.fromkeys(RIGHTS, False))
    Bot.objects.update(group_chat_id=relay.group)
    relay.buyer_says("One")
    relay.run(until=lambda: Bot.objects.get().group_refused_at)
    assert look_at_groups() == 0
    assert Bot.objects.get().group_troubles == list(RIGHTS)
    assert relay.message("One").status == "queued"
    deed(relay, "rights")
    relay.run()
    assert relay.in_topic()[1:] == ["One"]


def test_a_second_incident_is_told_anew(relay):
    relay.buyer_says("One")
    relay.run()
    for _ in range(2):
        deed(relay, "kick")
        troubles_are(relay, "bot_kicked")
        deed(relay, "return", rights=RIGHTS)
        troubles_are(relay)
    assert told() == ["unusable", "usable", "unusable", "usable"]


def test_the_notice_speaks_the_owners_language(relay, owner):
    owner.lang_code = "ru"
    owner.save()
    deed(relay, "kick")
    troubles_are(relay, "bot_kicked")
    assert "группе" in Notification.objects.get().context["reason"]


def test_a_group_that_moved_is_followed_before_anything_is_sent_there(relay, sandbox):
    relay.buyer_says("One")
    relay.run()
    old = relay.group
    moved = sandbox.control("telegram/migrate", {"chat_id": old})["chat_id"]
    relay.run(until=lambda: Bot.objects.get().group_chat_id == moved)
    dialog = relay.dialog
    assert (dialog.telegram_chat_id, dialog.telegram_topic_id) == (moved, None)
    assert relay.message("One").telegram_message_id is None
    tried = sends(relay)
    relay.buyer_says("Two")
    relay.run()
    to_old = [c for c in sandbox.calls("telegram.sendMessage") if c["params"]["chat_id"] == old]
    assert len(to_old) <= tried
    relay.group = moved
    assert relay.in_topic()[-1] == "Two"
    assert deliveries("create_topic") == ["sent", "sent"]
    assert told() == []


def test_a_move_that_is_told_twice_does_not_forget_what_was_sent_in_between(relay):
    relay.buyer_says("One")
    relay.run()
    old, new = relay.group, relay.make_group("The new place")
    groups.follow_group(relay.bot.pk, old, new)
    relay.group = new
    relay.buyer_says("Two")
    relay.run()
    before = relay.message("Two").telegram_message_id
    message = {"chat": {"id": new}, "migrate_from_chat_id": old}
    assert groups.take_move(bot_id=relay.bot.pk, message=message)
    assert relay.message("Two").telegram_message_id == before
    assert relay.dialog.telegram_topic_id is not None


def test_a_group_without_topics_is_followed_as_well(relay, sandbox):
    relay.group = relay.make_group("One for all", is_forum=False)
    Bot.objects.update(group_chat_id=relay.group, topic_mode=False)
    relay.buyer_says("One")
    relay.run()
    moved = sandbox.control("telegram/migrate", {"chat_id": relay.group})["chat_id"]
    relay.run(until=lambda: Bot.objects.get().group_chat_id == moved)
    assert relay.message("One").telegram_message_id is None
    relay.buyer_says("Two")
    relay.run()
    assert "Two" in relay.in_group(moved)["messages"][-1]["text"]


@pytest.fixture
def second_shop(relay, sandbox):
    """Another bot of the same organization, with a group and an account of its own."""
    token = f"{secrets.randbelow(9 * 10**8) + 10**8}:{secrets.token_urlsafe(26)[:35]}"
    sandbox.control("telegram/bots", {"token": token, "username": "second_test_bot"})
    body = {"title": "Second", "bots": [token], "is_forum": True, "rights": RIGHTS}
    group = sandbox.control("telegram/groups", body)["chat_id"]
    bot = create_bot(
        actor=None,
        organization=relay.organization,
        name="Second",
        token=token,
        group_chat_id=group,
    )
    keys = {"client_id": "second", "client_secret": "second-secret"}
    user_id = sandbox.control("avito/accounts", keys)["user_id"]
    create_avito_account(
        actor=None,
        organization=relay.organization,
        name="Second",
        api_client_id="second",
        api_client_secret="second-secret",
        bot=bot,
    )
    chat = {"user_id": user_id, "item": {"title": "Kettle"}, "buyer": {"name": "Kira"}}
    return bot, group, sandbox.control("avito/chats", chat)["chat_id"]


def test_several_groups_of_one_organization_do_not_disturb_each_other(relay, second_shop):
    bot, group, chat = second_shop
    relay.buyer_says("to the first")
    relay.buyer_says("to the second", chat=chat)
    relay.run()
    deed(relay, "kick")
    troubles_are(relay, "bot_kicked")
    relay.buyer_says("waits")
    relay.buyer_says("goes on", chat=chat)
    relay.run(until=lambda: relay.message("goes on").status == "delivered")
    assert relay.message("waits").status == "queued"
    assert Bot.objects.get(pk=bot.pk).group_troubles == []
    texts = [entry["text"] for entry in relay.in_group(group)["messages"]]
    assert texts[-1] == "goes on"
    assert not any("waits" in text or "first" in text for text in texts)
    moved = relay.sandbox.control("telegram/migrate", {"chat_id": group})["chat_id"]
    relay.run(until=lambda: Bot.objects.get(pk=bot.pk).group_chat_id == moved)
    assert Bot.objects.get(pk=relay.bot.pk).group_chat_id == relay.group
    assert relay.dialog.telegram_chat_id == relay.group
    deed(relay, "return", rights=RIGHTS)
    relay.run()
    wait_for(lambda: relay.message("waits").status == "delivered")
    assert relay.in_topic()[-1] == "waits"
