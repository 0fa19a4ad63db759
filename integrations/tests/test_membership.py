"""What Telegram says of a bot's place in its group, in each of the three ways it says so."""

import pytest
from django.utils import translation

from integrations.models import Bot, Hold, InboundEvent, IntegrationLog
from integrations.selectors.troubles import describe_group, group_troubles
from integrations.services import inbox, membership
from integrations.services.bots import BotChanges, update_bot
from integrations.services.holds import place_hold
from integrations.services.membership import RIGHTS, inspect_group, look_at_groups, note_refusal
from integrations.signals import bot_group_refused, bot_group_restored
from integrations.tests.wires import connect_bot, open_group

pytestmark = pytest.mark.django_db(transaction=True)

ALL_RIGHTS = dict.fromkeys(RIGHTS, True)
OTHER_GROUP = -100_777


@pytest.fixture
def bot(organization, sandbox, bot_token):
    """A bot that may do everything in its group."""
    found = connect_bot(organization, sandbox, bot_token)
    found.group_chat_id = open_group(sandbox, bot_token, rights=ALL_RIGHTS)
    found.save()
    return found


@pytest.fixture
def told():
    """What those above were told: ``(refused or restored, troubles)``."""
    heard = []

    def refused(sender, account, since, **_kwargs):
        heard.append(("refused", list(account.group_troubles)))

    def restored(sender, account, since, **_kwargs):
        heard.append(("restored", []))

    bot_group_refused.connect(refused)
    bot_group_restored.connect(restored)
    yield heard
    bot_group_refused.disconnect(refused)
    bot_group_restored.disconnect(restored)


def change(sandbox, bot, token, what, **more):
    body = {"bot": token, "chat_id": bot.group_chat_id, **more}
    sandbox.control(f"telegram/{what}", body)


def update(bot, *, new, old=None, chat_id=None, number=1):
    """Take in an update about the bot's membership, as the webhook stores it."""
    old = old or {"status": "administrator", **ALL_RIGHTS}
    chat = {"id": chat_id or bot.group_chat_id, "type": "supergroup"}
    change = {"chat": chat, "old_chat_member": old, "new_chat_member": new}
    inbox.receive(
        source="telegram",
        account_id=bot.pk,
        external_id=str(number),
        lane=f"telegram:{bot.pk}:{chat['id']}",
        payload={"update_id": number, "my_chat_member": change},
    )
    inbox.drain()
    assert not InboundEvent.objects.exclude(state="done").exists()
    bot.refresh_from_db()


def is_held(bot):
    return Hold.objects.filter(key=f"{bot.sender}:{bot.group_chat_id}").exists()


def refuse(bot, code, text="Bad Request: refused", chat_id=None):
    held = note_refusal(bot_id=bot.pk, chat_id=chat_id or bot.group_chat_id, code=code, text=text)
    bot.refresh_from_db()
    return held


def test_a_bot_in_its_place_has_no_troubles(bot):
    assert inspect_group(bot).troubles == []


def test_each_right_that_is_missing_is_found(sandbox, bot, bot_token):
    for lacking in RIGHTS:
        change(sandbox, bot, bot_token, "rights", rights={**ALL_RIGHTS, lacking: False})
        assert inspect_group(bot).troubles == [lacking]
    change(sandbox, bot, bot_token, "rights", status="member")
    assert inspect_group(bot).troubles == list(RIGHTS)
    bot.topic_mode = False
    assert inspect_group(bot).troubles == []


def test_being_thrown_out_or_mute_and_a_group_without_topics_are_found(sandbox, bot, bot_token):
    change(sandbox, bot, bot_token, "rights", status="restricted", rights=[])
    assert inspect_group(bot).troubles == ["may_not_write"]
    change(sandbox, bot, bot_token, "kick")
    found = inspect_group(bot)
    assert found.troubles == ["bot_kicked"]
    assert "kicked" in found.raw
    bot.group_chat_id = open_group(sandbox, bot_token, is_forum=False, rights=ALL_RIGHTS)
    assert inspect_group(bot).troubles == ["not_a_forum"]
    bot.group_chat_id = OTHER_GROUP
    assert inspect_group(bot).troubles == ["chat_not_found"]


def test_an_update_that_the_bot_was_thrown_out_holds_its_group_and_is_told_once(bot, told):
    update(bot, new={"status": "kicked"})
    assert bot.group_refused_at is not None
    assert bot.group_troubles == ["bot_kicked"]
    assert is_held(bot)
    since = bot.group_refused_at
    assert refuse(bot, "bot_kicked")
    assert bot.group_refused_at == since
    assert told == [("refused", ["bot_kicked"])]
    update(bot, old={"status": "kicked"}, new={"status": "administrator", **ALL_RIGHTS}, number=2)
    assert (bot.group_refused_at, bot.group_troubles, bot.last_error) == (None, [], "")
    assert not is_held(bot)
    assert told[1:] == [("restored", [])]
    events = IntegrationLog.objects.filter(event__startswith="group_").order_by("pk")
    assert list(events.values_list("event", "level")) == [
        ("group_refused", "error"),
        ("group_restored", "info"),
    ]


def test_a_return_without_the_right_to_make_topics_is_no_return(bot, told):
    update(bot, new={"status": "left"})
    update(bot, old={"status": "left"}, new={"status": "member"}, number=2)
    assert bot.group_troubles == list(RIGHTS)
    assert bot.group_refused_at is not None
    assert not is_held(bot)
    assert not membership.may_make_topics(bot)
    assert len(told) == 1


def test_whoever_is_just_being_added_is_not_complained_about(bot, told):
    update(bot, old={"status": "left"}, new={"status": "member"})
    assert (bot.group_troubles, told) == ([], [])


def test_a_right_that_is_only_good_to_have_holds_nothing(bot, told):
    lacking = {"status": "administrator", **ALL_RIGHTS, "can_pin_messages": False}
    update(bot, new=lacking)
    assert bot.group_troubles == ["can_pin_messages"]
    assert (bot.group_refused_at, told, is_held(bot)) == (None, [], False)
    with translation.override("en"):
        (trouble,) = group_troubles(bot)
    assert trouble.level == "warn"
    assert "pin messages" in trouble.text


def test_what_happens_in_other_groups_concerns_nobody(bot, told):
    update(bot, new={"status": "kicked"}, chat_id=OTHER_GROUP)
    assert not refuse(bot, "bot_kicked", chat_id=OTHER_GROUP)
    assert (bot.group_troubles, told) == ([], [])
    assert not Hold.objects.exists()


@pytest.mark.parametrize(
    ("code", "text", "trouble", "holds"),
    [
        ("bot_kicked", "Forbidden: bot was kicked", "bot_kicked", True),
        ("chat_not_found", "Bad Request: chat not found", "chat_not_found", True),
        ("forbidden", "Forbidden: the group is locked", "may_not_write", True),
        ("not_enough_rights", "not enough rights to send text messages", "may_not_write", True),
        ("not_enough_rights", "not enough rights to create a topic", "can_manage_topics", False),
        ("not_a_forum", "Bad Request: the chat is not a forum", "not_a_forum", False),
    ],
)
def test_a_refused_call_shows_what_is_wrong(bot, told, code, text, trouble, holds):
    assert refuse(bot, code, text) is holds
    assert bot.group_troubles == [trouble]
    assert bot.last_error == text
    assert is_held(bot) is holds
    assert told == [("refused", [trouble])]
    assert group_troubles(bot)[0].level == "bad"


def test_a_look_names_all_that_is_missing_and_ends_it_when_nothing_is(
    sandbox, bot, bot_token, told
):
    change(sandbox, bot, bot_token, "rights", status="member")
    refuse(bot, "not_enough_rights", "not enough rights to create a topic")
    assert look_at_groups() == 0
    bot.refresh_from_db()
    with translation.override("en"):
        described = describe_group(bot)
    assert described == (
        "The bot lacks rights in the group: manage topics, pin messages, delete messages."
    )
    change(sandbox, bot, bot_token, "rights")
    assert look_at_groups() == 1
    bot.refresh_from_db()
    assert bot.group_troubles == []
    assert [what for what, _ in told] == ["refused", "restored"]
    asked = len(sandbox.calls("telegram.getChat"))
    assert look_at_groups() == 0
    assert len(sandbox.calls("telegram.getChat")) == asked


def test_a_telegram_that_does_not_answer_changes_nothing(sandbox, bot, told):
    refuse(bot, "bot_kicked")
    sandbox.fault("telegram.getChat", "status", status=502)
    assert look_at_groups() == 0
    bot.refresh_from_db()
    assert bot.group_troubles == ["bot_kicked"]
    assert is_held(bot)


def test_another_group_or_no_topics_begin_anew(owner, bot, told):
    refuse(bot, "bot_kicked")
    old = bot.group_chat_id
    update_bot(actor=owner, bot=bot, changes=BotChanges(name="Same place", group_chat_id=old))
    bot.refresh_from_db()
    assert bot.group_troubles == ["bot_kicked"]
    update_bot(actor=owner, bot=bot, changes=BotChanges(group_chat_id=OTHER_GROUP))
    assert not Hold.objects.exists()
    bot.refresh_from_db()
    assert (bot.group_troubles, bot.group_refused_at) == ([], None)
    refuse(bot, "not_a_forum")
    update_bot(actor=owner, bot=bot, changes=BotChanges(topic_mode=False))
    assert Bot.objects.get().group_troubles == []


def test_a_hold_for_pace_outlives_the_return(bot):
    place_hold(key=f"{bot.sender}:{bot.group_chat_id}", seconds=60, reason="limited")
    update(bot, new={"status": "administrator", **ALL_RIGHTS})
    assert is_held(bot)
