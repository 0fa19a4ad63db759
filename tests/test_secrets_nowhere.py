"""Tokens and secrets stand nowhere in clear: markers are planted, and every place is searched."""

import io
import json
import logging
import re
import secrets

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core import serializers
from django.urls import reverse

from config.lib.logs import ContextFilter, RedactingJsonFormatter
from conftest import PASSWORD
from integrations.services import pump
from tests.routes import all_routes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def log():
    """Everything that the process logs, as it would be written out."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingJsonFormatter())
    handler.addFilter(ContextFilter())
    handler.setLevel(logging.DEBUG)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def planted(live_site, sandbox, organization, owner, api, bot_token):
    """Secrets of every sort, in use: a bot, an Avito account, sign-ins, webhooks."""
    client_secret = f"secret-{secrets.token_hex(12)}"
    sandbox.control("telegram/bots", {"token": bot_token, "username": "planted_bot"})
    sandbox.control("avito/accounts", {"client_id": "planted", "client_secret": client_secret})
    client = api(owner)
    bot = client.post("/api/bots", {"name": "Planted", "token": bot_token}, format="json")
    assert bot.status_code == 201, bot.content
    account = client.post(
        "/api/avito/accounts",
        {
            "name": "Planted",
            "api_client_id": "planted",
            "api_client_secret": client_secret,
            "bot_id": bot.json()["id"],
        },
        format="json",
    )
    assert account.status_code == 201, account.content
    pair = client.post(
        "/api/auth/v1/login", {"login": owner.username, "password": PASSWORD}, format="json"
    ).json()
    state = sandbox.control("state")
    webhook = state["telegram"]["bots"][0]["webhook"]
    address = webhook["url"] if isinstance(webhook, dict) else webhook
    return {
        "bot token": bot_token,
        "half of the bot token": bot_token.split(":")[1],
        "avito secret": client_secret,
        "password": PASSWORD,
        "refresh token": pair["refresh_token"],
        "access token": pair["access_token"],
        "webhook secret": address.rsplit("/", 1)[1],
        "key of secrets": settings.SECRETS_KEYS.split(":")[1],
        "site key": settings.SECRET_KEY,
    }


def found_in(text: str, planted: dict[str, str]) -> list[str]:
    return [name for name, secret in planted.items() if secret in text]


def test_nothing_in_the_database(planted):
    for model in apps.get_models():
        rows = serializers.serialize("python", model._default_manager.all())
        text = json.dumps(
            rows, default=lambda v: bytes(v).hex() if isinstance(v, memoryview) else str(v)
        )
        assert found_in(text, planted) == [], model


def test_nothing_in_the_logs(planted, log, sandbox, owner, api, bot_token):
    client = api(owner)
    sandbox.fault("telegram.*", "drop", times=3)
    sandbox.fault("avito.*", "status", status=500, times=3)
    for bot in client.get("/api/bots").json()["results"]:
        client.patch(f"/api/bots/{bot['id']}", {"token": bot_token}, format="json")
    for channel in ("telegram", "avito", "mail", "yandex"):
        pump.drain(channel)
    logging.getLogger("test").error("at %s", f"https://api.telegram.org/bot{bot_token}/getMe")
    logging.getLogger("test").error(
        "headers", extra={"headers": {"Authorization": f"Bearer {planted['access token']}"}}
    )
    try:
        raise RuntimeError(f"cannot reach /bot{bot_token}/sendMessage")
    except RuntimeError:
        logging.getLogger("test").exception("failed")
    text = log.getvalue()
    assert "cannot reach" in text
    assert found_in(text, planted) == []


def test_nothing_in_any_answer(planted, owner, api, page, organization):
    from integrations.models import AvitoAccount, Bot

    values = {
        "bot_id": Bot.objects.get().pk,
        "account_id": AvitoAccount.objects.get().pk,
        "organization_id": organization.pk,
    }
    walked = 0
    for client in (api(owner), page(owner)):
        for route in all_routes():
            if set(route.parameters) <= set(values):
                text = client.get(route.path(values)).content.decode(errors="replace")
                assert found_in(text, planted) == [], route
                walked += 1
    assert walked > 20


def test_nothing_in_the_admin(planted, staff, page):
    client = page(staff)
    seen = 0
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages = [reverse(f"{name}_changelist")]
        pages += [
            reverse(f"{name}_change", args=[row.pk]) for row in model._default_manager.all()[:5]
        ]
        for path in pages:
            answer = client.get(path)
            assert answer.status_code in (200, 302, 403), path
            text = re.sub(r"csrfmiddlewaretoken.*?>", "", answer.content.decode(errors="replace"))
            assert found_in(text, planted) == [], path
            seen += answer.status_code == 200
    assert seen > 10
