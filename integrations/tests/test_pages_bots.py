import pytest

from integrations.models import Bot
from integrations.services.bots import create_bot


@pytest.fixture
def known_token(sandbox, settings, bot_token):
    # Telegram takes no webhook but at an HTTPS address or its own machine's.
    settings.SITE_URL = "http://127.0.0.1:1"
    sandbox.control("telegram/bots", {"token": bot_token, "username": "shop_test_bot"})
    return bot_token


@pytest.fixture
def bot(organization, known_token):
    return create_bot(actor=None, organization=organization, name="Shop", token=known_token)


@pytest.fixture
def foreign_bot(other_organization, known_token):
    return create_bot(actor=None, organization=other_organization, name="Kettle", token=known_token)


def test_a_bot_is_added_by_its_token(
    page, owner, organization, known_token, django_capture_on_commit_callbacks
):
    client = page(owner)
    body = {"token": known_token, "group_chat_id": "-1001234567890", "topic_mode": "on"}
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/client/bots", body)
    bot = Bot.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/client/bots/{bot.pk}")
    assert (bot.organization, bot.username) == (organization, "shop_test_bot")
    assert (bot.group_chat_id, bot.topic_mode) == (-1001234567890, True)
    assert bot.webhook_set_at is not None
    text = client.get(f"/client/bots/{bot.pk}").content.decode()
    assert "@shop_test_bot is connected." in text
    assert known_token not in text


def test_a_refused_token_is_shown_beside_its_field(page, owner, organization, sandbox, bot_token):
    answer = page(owner).post("/client/bots", {"token": bot_token})
    assert answer.status_code == 400
    assert answer.context["form"].errors["token"] == ["Telegram does not accept this token."]
    assert not Bot.objects.exists()


def test_a_form_with_mistakes_keeps_what_was_entered(page, owner, organization):
    body = {"token": "", "name": "My shop", "group_chat_id": "many"}
    answer = page(owner).post("/client/bots", body)
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"token", "group_chat_id"}
    text = answer.content.decode()
    assert 'value="My shop"' in text
    assert "Please check 2 fields." in text


def test_telegram_being_down_is_shown_on_the_form(page, owner, organization, sandbox, known_token):
    sandbox.fault("telegram.getMe", "status", status=502)
    answer = page(owner).post("/client/bots", {"token": known_token})
    assert answer.status_code in (502, 504)
    assert answer.context["form"].non_field_errors()
    assert not Bot.objects.exists()


def test_a_manager_sees_bots_and_changes_none(page, colleague, bot, known_token):
    client = page(colleague)
    assert "<form" not in client.get("/client/bots").content.decode().split("<main")[1]
    assert "<form" not in client.get(f"/client/bots/{bot.pk}").content.decode().split("<main")[1]
    for path, body in {
        "/client/bots": {"token": known_token},
        f"/client/bots/{bot.pk}": {"name": "Mine", "topic_mode": "on"},
        f"/client/bots/{bot.pk}/check": {},
        f"/client/bots/{bot.pk}/webhook": {},
        f"/client/bots/{bot.pk}/switch": {},
        f"/client/bots/{bot.pk}/delete": {"confirmation": bot.username},
    }.items():
        assert client.post(path, body).status_code == 403, path
    bot.refresh_from_db()
    assert (bot.name, bot.status) == ("Shop", "active")


@pytest.mark.parametrize("path", ["", "/check", "/webhook", "/switch", "/delete"])
def test_a_strangers_bot_is_nothing(page, owner, organization, foreign_bot, path):
    client = page(owner)
    address = f"/client/bots/{foreign_bot.pk}{path}"
    answer = client.post(address, {"confirmation": foreign_bot.username, "name": "Mine"})
    assert answer.status_code == 404
    if not path:
        assert client.get(address).status_code == 404
    foreign_bot.refresh_from_db()
    assert (foreign_bot.name, foreign_bot.status) == ("Kettle", "active")


def test_the_list_holds_own_bots_only(page, owner, organization, foreign_bot):
    text = page(owner).get("/client/bots").content.decode()
    assert "No bot yet" in text
    assert "Kettle" not in text


def test_many_bots_cost_as_many_queries_as_one(
    page, owner, organization, django_assert_max_num_queries
):
    for number in range(12):
        Bot.objects.create(
            organization=organization,
            name=f"Bot {number}",
            telegram_id=number + 1,
            username=f"bot_{number}",
            sealed_token="sealed",
        )
    client = page(owner)
    client.get("/client/bots")
    with django_assert_max_num_queries(4):
        client.get("/client/bots")


def test_settings_are_changed_and_the_group_taken_away(page, owner, bot):
    client = page(owner)
    address = f"/client/bots/{bot.pk}"
    client.post(address, {"name": "Front", "group_chat_id": "-1009", "topic_mode": "on"})
    bot.refresh_from_db()
    assert (bot.name, bot.group_chat_id, bot.topic_mode) == ("Front", -1009, True)
    client.post(address, {"name": "Front", "group_chat_id": ""})
    bot.refresh_from_db()
    assert (bot.group_chat_id, bot.topic_mode) == (None, False)


def test_another_bots_token_is_refused(page, owner, bot, sandbox):
    other = "9" * 9 + ":" + "B" * 35
    sandbox.control("telegram/bots", {"token": other, "username": "another_bot"})
    body = {"name": "Shop", "token": other, "topic_mode": "on"}
    answer = page(owner).post(f"/client/bots/{bot.pk}", body)
    assert answer.status_code == 400
    assert answer.context["form"].errors["token"] == ["This token belongs to another bot."]


def test_the_check_tells_what_telegram_says_and_how_long_it_took(page, owner, bot, sandbox):
    client = page(owner)
    address = f"/client/bots/{bot.pk}/check"
    answer = client.post(address, HTTP_HX_REQUEST="true")
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert "Telegram answers as @shop_test_bot." in answer.content.decode()
    assert "Answered in" in answer.content.decode()
    sandbox.fault("telegram.getMe", "status", status=502)
    failed = client.post(address)
    assert "502" in failed.content.decode()
    assert not failed.context["findings"][0].is_good


def test_the_webhook_is_set_anew(page, owner, bot, sandbox):
    client = page(owner)
    address = f"/client/bots/{bot.pk}/webhook"
    client.post(address)
    bot.refresh_from_db()
    first = bytes(bot.webhook_path_hash)
    answer = client.post(address, follow=True)
    bot.refresh_from_db()
    assert bytes(bot.webhook_path_hash) != first
    assert "The webhook is set." in answer.content.decode()
    sandbox.fault("telegram.setWebhook", "status", status=502)
    answer = client.post(address, follow=True)
    assert "site-toast-error" in answer.content.decode()
    before = bytes(bot.webhook_path_hash)
    bot.refresh_from_db()
    assert bytes(bot.webhook_path_hash) == before


def test_a_bot_is_switched_off_and_on(page, owner, bot, django_capture_on_commit_callbacks):
    client = page(owner)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/client/bots/{bot.pk}/switch")
    bot.refresh_from_db()
    assert (bot.status, bot.webhook_set_at) == ("inactive", None)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/client/bots/{bot.pk}/switch")
    bot.refresh_from_db()
    assert bot.status == "active"
    assert bot.webhook_set_at is not None


@pytest.mark.parametrize("typed", ["", "shop", "SHOP_TEST_BOT"])
def test_a_bot_is_not_removed_by_half_a_name(page, owner, bot, typed):
    answer = page(owner).post(f"/client/bots/{bot.pk}/delete", {"confirmation": typed})
    assert answer.status_code == 400
    assert Bot.objects.filter(pk=bot.pk).exists()


def test_a_bot_is_removed_by_its_name(page, owner, bot):
    answer = page(owner).post(f"/client/bots/{bot.pk}/delete", {"confirmation": bot.username})
    assert (answer.status_code, answer["Location"]) == (302, "/client/bots")
    assert not Bot.objects.filter(pk=bot.pk).exists()
