"""Bots by service and by API, with the sandbox as Telegram."""

import json
import time
import uuid

import pytest
from django.db import connection

from accounts.models import AuditEvent
from config.lib.advisory import lock_key
from config.lib.errors import ConflictError, OutsideTimeoutError, OutsideWorldError
from integrations.models import Bot, Hold, InboundEvent, IntegrationLog
from integrations.selectors import totals
from integrations.selectors.totals import register_bot_figure, totals_of
from integrations.services import bots
from integrations.services.holds import place_hold
from integrations.tests.wires import connect_account, connect_bot

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def known_token(sandbox, bot_token):
    """A token that the sandbox knows and the site does not."""
    sandbox.control("telegram/bots", {"token": bot_token, "username": "shop_bot"})
    return bot_token


@pytest.fixture
def bot(organization, sandbox, bot_token):
    return connect_bot(organization, sandbox, bot_token)


def webhook_of(sandbox, token):
    state = sandbox.control("state")["telegram"]["bots"]
    return next(row["webhook"] for row in state if row["token"] == token)


def test_connecting_a_bot_finds_its_name_and_sets_its_webhook(
    api, owner, organization, sandbox, known_token
):
    answer = api(owner).post("/api/bots", {"name": "", "token": known_token}, format="json")
    assert answer.status_code == 201
    body = answer.json()
    assert body["bot_username"] == body["username"] == "shop_bot"
    assert (body["status"], body["webhook_set"], body["topic_mode"]) == ("active", True, True)
    assert (body["total_users"], body["total_messages"], body["total_leads"]) == (0, 0, 0)
    assert known_token.partition(":")[2] not in answer.content.decode()
    bot = Bot.objects.get()
    assert bot.organization == organization
    assert bots.open_token(bot) == known_token
    call = sandbox.calls("telegram.setWebhook")[-1]["params"]
    assert call["url"].startswith(f"http://127.0.0.1:9/api/webhooks/telegram/{bot.pk}/")
    assert call["max_connections"] == 40
    assert {"message", "message_reaction", "my_chat_member", "chat_member"} <= set(
        call["allowed_updates"]
    )
    secret = call["url"].rpartition("/")[2]
    assert bytes(bot.webhook_path_hash) == bots.hash_secret(secret)
    assert bytes(bot.webhook_header_hash) == bots.hash_secret(call["secret_token"])
    assert AuditEvent.objects.get(action="bot.created").actor == owner
    events = IntegrationLog.objects.order_by("id").values_list("event", flat=True)
    assert list(events) == ["bot_added", "webhook_set"]


def test_an_update_comes_all_the_way(live_site, sandbox, organization, bot_token):
    bot = connect_bot(organization, sandbox, bot_token)
    sandbox.control("telegram/users", {"id": 501, "first_name": "Boris", "language_code": "ru"})
    said = {"bot": bot_token, "chat_id": 501, "user": 501, "text": "/start"}
    sandbox.control("telegram/say", said)
    wait_until(InboundEvent.objects.exists)
    event = InboundEvent.objects.get()
    assert event.lane == f"telegram:{bot.pk}:501"
    assert event.payload["message"]["text"] == "/start"


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("token", ["nonsense", "1:a/../../x", "999:unknown-to-telegram-0000000000"])
def test_a_token_that_telegram_does_not_know_is_refused(api, owner, organization, sandbox, token):
    answer = api(owner).post("/api/bots", {"name": "x", "token": token}, format="json")
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["code"] == "token_refused"
    assert [item["field"] for item in problem["errors"]] == ["token"]
    assert token not in answer.content.decode()
    assert not Bot.objects.exists()


def test_a_bot_that_is_taken_is_a_conflict_that_does_not_say_whose(
    api, owner, stranger, other_organization, bot, bot_token
):
    for person in (owner, stranger):
        answer = api(person).post("/api/bots", {"name": "x", "token": bot_token}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (409, "bot_taken")
        assert "Bicycles" not in answer.content.decode()
    assert Bot.objects.count() == 1


def test_a_telegram_that_is_silent_leaves_nothing_behind(organization, bot_token, settings):
    settings.TELEGRAM_API_BASE = "http://127.0.0.1:1/telegram"
    with pytest.raises(OutsideTimeoutError):
        bots.create_bot(actor=None, organization=organization, name="x", token=bot_token)
    assert not Bot.objects.exists()


def test_a_webhook_that_cannot_be_set_is_noted_and_can_be_set_later(
    sandbox, organization, bot_token
):
    sandbox.fault("telegram.setWebhook", "error", error="Bad Request: bad webhook", times=1)
    bot = connect_bot(organization, sandbox, bot_token)
    bot.refresh_from_db()
    assert bot.webhook_set_at is None
    assert "bad webhook" in bot.last_error
    assert IntegrationLog.objects.filter(event="webhook_failed", level="error").exists()
    bot = bots.set_webhook(bot)
    assert (bot.last_error, bot.last_error_at) == ("", None)
    assert webhook_of(sandbox, bot_token)


def test_a_failed_change_of_the_webhook_keeps_the_old_one(sandbox, bot, bot_token):
    bot.refresh_from_db()
    before = bytes(bot.webhook_path_hash)
    sandbox.fault("telegram.setWebhook", "error", error="Bad Request: bad webhook", times=1)
    with pytest.raises(OutsideWorldError) as refusal:
        bots.set_webhook(bot)
    assert refusal.value.error_code == "outside_refused"
    bot.refresh_from_db()
    assert bytes(bot.webhook_path_hash) == before


def test_each_webhook_has_new_secrets(sandbox, bot):
    bot.refresh_from_db()
    before = bytes(bot.webhook_path_hash), bytes(bot.webhook_header_hash)
    after = bots.set_webhook(bot)
    assert bytes(after.webhook_path_hash) != before[0]
    assert bytes(after.webhook_header_hash) != before[1]


def test_what_waits_at_telegram_is_taken_while_its_address_is_still_being_told(
    live_site, sandbox, organization, bot_token
):
    """Telegram delivers before it answers: here a second before."""
    sandbox.control("telegram/bots", {"token": bot_token, "username": "shop_bot"})
    sandbox.control("telegram/groups", {"title": "Buyers", "bots": [bot_token]})
    sandbox.fault("telegram.setWebhook", "timeout_after", seconds=1, times=1)
    asked_at = time.monotonic()
    bots.create_bot(actor=None, organization=organization, name="x", token=bot_token)
    assert time.monotonic() - asked_at >= 1
    assert InboundEvent.objects.filter(source="telegram").exists()
    (told,) = sandbox.control("state")["telegram"]["bots"]
    assert "last_error_message" not in told["webhook_info"]


def test_two_who_set_the_webhook_at_once_cannot_mix_it_up(sandbox, bot):
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [lock_key(f"bot-webhook:{bot.pk}")])
    asked = len(sandbox.calls("telegram.setWebhook"))
    with pytest.raises(ConflictError) as refusal:
        bots.set_webhook(bot)
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")
    other.close()
    assert refusal.value.error_code == "busy"
    assert len(sandbox.calls("telegram.setWebhook")) == asked


def test_a_bot_that_is_switched_off_hears_nothing_and_wakes_with_its_sends(
    api, owner, sandbox, bot, bot_token
):
    client = api(owner)
    off = client.post(f"/api/bots/{bot.pk}/deactivate").json()
    assert (off["status"], off["webhook_set"]) == ("inactive", False)
    assert not webhook_of(sandbox, bot_token)
    place_hold(key=bot.sender, seconds=3600, reason="sender_inactive")
    on = client.patch(f"/bots/{bot.pk}/activate").json()
    assert (on["status"], on["isWebhookSet"]) == ("active", True)
    assert webhook_of(sandbox, bot_token)
    assert not Hold.objects.exists()
    actions = AuditEvent.objects.filter(target=f"bot:{bot.pk}").values_list("action", flat=True)
    assert list(actions.order_by("id")) == ["bot.created", "bot.deactivated", "bot.activated"]


def test_a_bot_whose_token_died_cannot_be_switched_on(api, owner, sandbox, bot):
    Bot.objects.update(status=Bot.Status.BAD_TOKEN)
    sandbox.fault("telegram.getMe", "error", status=401, error="Unauthorized", times=1)
    answer = api(owner).post(f"/api/bots/{bot.pk}/activate")
    assert (answer.status_code, answer.json()["code"]) == (400, "token_refused")
    bot.refresh_from_db()
    assert bot.status == Bot.Status.BAD_TOKEN


def test_what_is_given_is_changed_and_nothing_else(api, owner, bot):
    client = api(owner)
    body = {"name": "New", "group_chat_id": -100500, "topic_mode": False}
    changed = client.patch(f"/api/bots/{bot.pk}", body, format="json")
    assert changed.status_code == 200
    assert {name: changed.json()[name] for name in body} == body
    assert changed.json()["status"] == "active"
    cleared = client.patch(f"/api/bots/{bot.pk}", {"group_chat_id": None}, format="json").json()
    assert (cleared["group_chat_id"], cleared["name"]) == (None, "New")
    camel = client.patch(f"/bots/{bot.pk}", {"groupChatId": -7, "topicMode": True}, format="json")
    assert (camel.json()["groupChatId"], camel.json()["topicMode"]) == (-7, True)


def test_a_token_of_another_bot_is_refused(api, owner, sandbox, bot):
    other = "778899001:AAanother-bot-altogether-0000000000"
    sandbox.control("telegram/bots", {"token": other, "username": "other_bot"})
    answer = api(owner).patch(f"/api/bots/{bot.pk}", {"token": other}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "other_bot")
    before = bot.sealed_token
    bot.refresh_from_db()
    assert bot.sealed_token == before


def test_a_renewed_token_switches_the_bot_on(api, owner, sandbox, bot, bot_token):
    Bot.objects.update(status=Bot.Status.BAD_TOKEN)
    place_hold(key=bot.sender, seconds=3600, reason="bad_token")
    answer = api(owner).patch(f"/api/bots/{bot.pk}", {"token": bot_token}, format="json")
    assert answer.json()["status"] == "active"
    assert not Hold.objects.exists()


def test_deleting_takes_the_webhook_away_even_if_telegram_is_silent(
    api, owner, sandbox, bot, bot_token, settings
):
    client = api(owner)
    assert client.delete(f"/api/bots/{bot.pk}").status_code == 204
    assert not Bot.objects.exists()
    assert not webhook_of(sandbox, bot_token)
    assert AuditEvent.objects.get(action="bot.deleted").details["username"] == "shop_bot"
    again = bots.create_bot(actor=None, organization=bot.organization, name="x", token=bot_token)
    settings.TELEGRAM_API_BASE = "http://127.0.0.1:1/telegram"
    assert client.delete(f"/api/bots/{again.pk}").status_code == 204
    assert not Bot.objects.exists()


LISTS = ("/api/bots", "/bots", "/api/v1/telegram/bots")


@pytest.mark.parametrize("path", LISTS)
def test_strangers_see_nothing_and_colleagues_only_look(
    api, colleague, stranger, other_organization, bot, path
):
    seen = api(colleague).get(path).json()["results"]
    assert [row["id"] for row in seen] == [str(bot.pk)]
    assert api(stranger).get(path).json()["results"] == []
    detail = f"{path}/{bot.pk}"
    assert api(colleague).get(detail).status_code == 200
    assert api().get(detail).status_code == 401
    for call in ("get", "patch", "delete"):
        assert getattr(api(stranger), call)(detail).status_code == 404
    for call in ("patch", "delete"):
        assert getattr(api(colleague), call)(detail).status_code == 403
    assert api(colleague).post(path, {}, format="json").status_code == 403
    assert api(stranger).get(f"{path}/{uuid.uuid4()}").status_code == 404
    bot.refresh_from_db()
    assert bot.status == "active"


def test_the_three_wires_have_their_own_words(api, owner, bot):
    client = api(owner)
    camel = client.get("/bots").json()["results"][0]
    assert camel["isWebhookSet"] is True
    assert camel["webhookUrl"] == f"http://127.0.0.1:9/api/webhooks/telegram/{bot.pk}/…"
    assert (camel["totalUsers"], camel["totalMessages"], camel["totalLeads"]) == (0, 0, 0)
    integration = client.get(f"/api/v1/telegram/bots/{bot.pk}").json()
    assert integration["settings"] == {"group_chat_id": None, "topic_mode": True}
    assert integration["is_active"] is True


def test_a_bot_can_be_connected_on_the_integrations_wire(api, owner, organization, known_token):
    body = {"bot_token": known_token, "settings": {"group_chat_id": -5, "topic_mode": False}}
    answer = api(owner).post("/api/v1/telegram/bots", body, format="json")
    assert answer.status_code == 201
    assert answer.json()["settings"] == {"group_chat_id": -5, "topic_mode": False}


def test_lists_are_paged_without_extra_queries(
    api, owner, organization, django_assert_max_num_queries
):
    Bot.objects.bulk_create(
        Bot(organization=organization, name=f"{n}", username=f"b{n}", telegram_id=n)
        for n in range(25)
    )
    client = api(owner)
    with django_assert_max_num_queries(6):
        first = client.get("/api/bots?limit=20").json()
    assert len(first["results"]) == 20
    second = client.get(first["next"]).json()
    assert len(second["results"]) == 5
    assert second["next"] is None


def test_a_repeated_request_gets_the_first_answer(api, owner, organization, sandbox, known_token):
    client = api(owner)
    body = {"name": "Shop", "token": known_token}
    first, second = (
        client.post("/api/bots", body, format="json", headers={"Idempotency-Key": "k-1"})
        for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(sandbox.calls("telegram.setWebhook")) == 1
    assert Bot.objects.get().webhook_set_at is not None


def test_figures_come_from_those_who_can_count():
    bot_id = uuid.uuid4()
    register_bot_figure("users", lambda ids: {bot_id: 3} if bot_id in ids else {})
    try:
        assert totals_of([bot_id])[bot_id].users == 3
        assert totals_of([bot_id])[bot_id].leads == 0
    finally:
        totals._counts._entries.pop("users")


def test_avito_accounts_by_api(api, owner, colleague, stranger, other_organization, sandbox, bot):
    sandbox.control("avito/accounts", {"client_id": "c", "client_secret": "very-secret"})
    body = {"name": "Shop", "api_client_id": "c", "api_client_secret": "very-secret"}
    client = api(owner)
    created = client.post("/api/avito/accounts", {**body, "bot_id": str(bot.pk)}, format="json")
    assert created.status_code == 201
    assert (created.json()["bot_id"], created.json()["status"]) == (str(bot.pk), "active")
    assert created.json()["webhook_set"] is True
    path = f"/api/avito/accounts/{created.json()['id']}"
    assert client.post("/api/avito/accounts", body, format="json").status_code == 409
    assert "very-secret" not in json.dumps(client.get(path).json())
    assert api(colleague).patch(path, {"name": "x"}, format="json").status_code == 403
    assert api(colleague).post("/api/avito/accounts", body, format="json").status_code == 403
    for call in ("get", "patch", "delete"):
        assert getattr(api(stranger), call)(path).status_code == 404
    assert api(stranger).get("/api/avito/accounts").json()["results"] == []
    renamed = client.patch(path, {"name": "New", "bot_id": None}, format="json").json()
    assert (renamed["name"], renamed["bot_id"]) == ("New", None)
    assert client.patch(path, {"is_active": False}, format="json").json()["status"] == "inactive"
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_a_strangers_bot_is_no_bot(api, stranger, other_organization, sandbox, bot, organization):
    account = connect_account(other_organization, sandbox)
    answer = api(stranger).patch(
        f"/api/avito/accounts/{account.pk}", {"bot_id": str(bot.pk)}, format="json"
    )
    assert answer.status_code == 404
    account.refresh_from_db()
    assert account.bot is None
