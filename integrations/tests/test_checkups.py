import time

import pytest

from integrations.models import AvitoAccount, Bot
from integrations.services import avito_tokens
from integrations.services.checkups import check_avito_account, check_bot
from integrations.telegram import setup
from integrations.tests.wires import connect_account, connect_bot, forget_tokens, open_group

pytestmark = pytest.mark.django_db(transaction=True)
ALL_RIGHTS = {"can_manage_topics": True, "can_pin_messages": True, "can_delete_messages": True}


@pytest.fixture
def bot(organization, sandbox, bot_token):
    return connect_bot(organization, sandbox, bot_token)


@pytest.fixture
def account(organization, sandbox):
    return connect_account(organization, sandbox)


def summary(findings):
    return [(finding.question, finding.is_good) for finding in findings]


def test_a_bot_in_order_passes_every_question(sandbox, bot, bot_token):
    findings = check_bot(bot)
    assert summary(findings) == [("token", True), ("webhook", True)]
    assert [finding.raw for finding in findings] == ["", ""]
    bot.group_chat_id = open_group(sandbox, bot_token, rights=ALL_RIGHTS)
    assert summary(check_bot(bot))[-1] == ("group", True)


def test_updates_that_cannot_be_delivered_show_telegrams_words(sandbox, bot, bot_token):
    open_group(sandbox, bot_token)
    for _ in range(100):
        finding = check_bot(bot)[1]
        if not finding.is_good:
            break
        time.sleep(0.05)
    assert (finding.question, finding.is_good) == ("webhook", False)
    assert finding.raw


@pytest.mark.parametrize(
    "group",
    [
        {"is_forum": False, "rights": ALL_RIGHTS},
        {"rights": {**ALL_RIGHTS, "can_manage_topics": False}},
    ],
)
def test_a_group_without_topics_or_rights_is_named(sandbox, bot, bot_token, group):
    bot.group_chat_id = open_group(sandbox, bot_token, **group)
    assert summary(check_bot(bot))[-1] == ("group", False)
    bot.topic_mode = False
    assert summary(check_bot(bot))[-1] == ("group", True)


def test_a_group_that_the_bot_is_not_in_shows_telegrams_words(sandbox, bot):
    bot.group_chat_id = -100123
    finding = check_bot(bot)[-1]
    assert (finding.question, finding.is_good) == ("group", False)
    assert "chat not found" in finding.raw


def test_a_webhook_that_goes_elsewhere_is_noticed(sandbox, bot, bot_token):
    setup.set_webhook(
        bot_token,
        url="http://127.0.0.1:9/elsewhere",
        secret_token="x",
        allowed_updates=["message"],
        max_connections=1,
    )
    assert summary(check_bot(bot))[-1] == ("webhook", False)


def test_a_refused_token_ends_the_questions_and_is_not_shown(sandbox, bot, bot_token):
    sandbox.fault("telegram.getMe", "error", status=401, error="Unauthorized", times=1)
    (finding,) = check_bot(bot)
    assert (finding.question, finding.is_good) == ("token", False)
    assert bot_token not in finding.text + finding.raw
    bot.refresh_from_db()
    assert bot.status == Bot.Status.ACTIVE


def test_an_account_in_order_passes_and_one_without_webhook_is_noticed(sandbox, account):
    assert summary(check_avito_account(account)) == [
        ("credentials", True),
        ("chats", True),
        ("webhook", True),
    ]
    client = avito_tokens.access(account.pk).client
    client.unsubscribe(client.list_subscriptions()[0]["url"])
    assert summary(check_avito_account(account))[-1] == ("webhook", False)


def test_an_account_that_avito_or_its_owner_stopped_says_so(sandbox, account):
    sandbox.fault("avito.getChatsV2", "status", status=402, times=9)
    findings = check_avito_account(account)
    assert summary(findings)[:2] == [("credentials", True), ("chats", False)]
    assert "402" in findings[1].raw
    AvitoAccount.objects.update(status=AvitoAccount.Status.INACTIVE)
    forget_tokens()
    (finding,) = check_avito_account(account)
    assert (finding.is_good, finding.raw) == (False, "inactive")
