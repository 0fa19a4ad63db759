"""``manage.py connect_platform_bot``, as a release runs it again and again."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent, Organization
from integrations.models import Bot
from integrations.services import bots

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def token(sandbox, settings, bot_token):
    """The token in the environment; its bot is known to Telegram."""
    sandbox.control("telegram/bots", {"token": bot_token, "username": "platform_test_bot"})
    settings.TELEGRAM_BOT_TOKEN = bot_token
    settings.SITE_URL = "https://depesha.example"
    return bot_token


def connect() -> str:
    out = StringIO()
    call_command("connect_platform_bot", stdout=out)
    return out.getvalue()


def refused(token: str) -> str:
    with pytest.raises(CommandError) as error:
        connect()
    assert token not in str(error.value)
    return str(error.value)


def webhooks(sandbox) -> int:
    return len(sandbox.calls("telegram.setWebhook"))


def test_without_a_token_nothing_is_done(settings, db):
    settings.TELEGRAM_BOT_TOKEN = ""

    assert "not set" in connect()
    assert not Bot.objects.exists()


def test_the_bot_belongs_to_the_installation_and_hears_telegram(token, sandbox):
    said = connect()

    assert "@platform_test_bot" in said
    assert token not in said
    bot = Bot.objects.get()
    assert (bot.is_platform, bot.organization.is_installation) == (True, True)
    assert bots.open_token(bot) == token
    assert bot.webhook_set_at is not None
    assert webhooks(sandbox) == 1


def test_a_repeat_changes_nothing_but_the_webhook(token, sandbox):
    connect()
    first = Bot.objects.get()

    connect()

    again = Bot.objects.get()
    assert again.pk == first.pk
    assert again.webhook_set_at > first.webhook_set_at
    assert (webhooks(sandbox), Organization.objects.count()) == (2, 1)
    assert AuditEvent.objects.filter(action__startswith="bot.").count() == 1


def test_a_new_token_of_the_same_bot_replaces_the_old_one(token, sandbox, settings):
    connect()
    Bot.objects.update(status=Bot.Status.BAD_TOKEN)
    renewed = f"{token.partition(':')[0]}:AArenewed-token-of-the-same-bot-0000"
    sandbox.control("reset", {})  # the old token is worth nothing from now on
    sandbox.control("telegram/bots", {"token": renewed, "username": "renewed_test_bot"})
    settings.TELEGRAM_BOT_TOKEN = renewed

    connect()

    bot = Bot.objects.get()
    assert (bots.open_token(bot), bot.status) == (renewed, Bot.Status.ACTIVE)


def test_what_staff_switched_off_stays_off(token, sandbox, staff):
    connect()
    bots.deactivate_bot(actor=staff, bot=Bot.objects.get())

    connect()

    bot = Bot.objects.get()
    assert (bot.status, bot.webhook_set_at) == (Bot.Status.INACTIVE, None)
    assert webhooks(sandbox) == 1


def test_another_platform_bot_is_not_replaced(token, platform):
    assert "platform_bot_taken" in refused(token)
    assert Bot.objects.get() == platform.bot


def test_the_bot_of_an_organization_is_not_taken(token, organization):
    bots.create_bot(actor=None, organization=organization, name="Shop", token=token)

    assert "bot_taken" in refused(token)
    assert not Bot.objects.filter(is_platform=True).exists()


def test_a_token_that_telegram_does_not_know(sandbox, settings, bot_token):
    settings.TELEGRAM_BOT_TOKEN = bot_token

    assert "token_refused" in refused(bot_token)
    assert not Bot.objects.exists()


def test_a_webhook_that_cannot_be_set_is_said(token, sandbox):
    sandbox.fault("telegram.setWebhook", "error", error="Bad Request: bad webhook")

    assert "no webhook" in refused(token)
    assert Bot.objects.get().last_error


def test_telegram_lists_the_commands_in_each_language(token, sandbox):
    connect()
    told = {
        call["params"].get("language_code", ""): call["params"]
        for call in sandbox.calls("telegram.setMyCommands")
    }
    assert sorted(told) == ["", "en", "ru"]
    assert told[""]["commands"] == told["en"]["commands"]
    for params in told.values():
        assert params["scope"] == {"type": "all_private_chats"}
        names = [command["command"] for command in params["commands"]]
        assert names == ["start", "configs", "support", "settings", "help"]


def test_a_bot_without_its_commands_is_connected_all_the_same(token, sandbox):
    sandbox.fault("telegram.setMyCommands", "error", error="Bad Request: no", times=1)
    assert "@platform_test_bot" in connect()
    assert Bot.objects.get().webhook_set_at is not None
