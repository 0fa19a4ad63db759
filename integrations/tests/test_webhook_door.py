"""The short way to the webhooks answers as the ordinary one does."""

import json

import pytest
from django.test import RequestFactory

from config.lib.door import with_doors
from config.lib.metrics import render_metrics
from integrations.models import Bot, InboundEvent
from integrations.services.bots import hash_secret

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bot(organization):
    return Bot.objects.create(
        organization=organization,
        telegram_id=1,
        username="shop_bot",
        webhook_path_hash=hash_secret("p"),
        webhook_header_hash=hash_secret("h"),
    )


@pytest.fixture
def knock():
    """Return a caller of the door: ``knock(path, body)`` gives status and headers."""
    site = with_doors(lambda _environ, start: start("299 The site", []) or [b"site"])

    def call(path, body, **headers):
        environ = (
            RequestFactory()
            .post(
                path,
                json.dumps(body),
                content_type="application/json",
                headers={"X-Telegram-Bot-Api-Secret-Token": "h", **headers},
            )
            .environ
        )
        said = []
        answer = site(environ, lambda status, found: said.append((status, dict(found))))
        assert answer is not None
        if hasattr(answer, "close"):
            answer.close()
        return said[0]

    return call


def update(number=1):
    return {"update_id": number, "message": {"chat": {"id": 5}, "text": "hello"}}


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_update_comes_in_under_its_request_id(knock, bot, slash):
    path = f"/api/webhooks/telegram/{bot.pk}/p{slash}"
    status, headers = knock(path, update(), **{"X-Request-ID": "0123456789abcdef"})
    assert status == "200 OK"
    assert headers["X-Request-ID"] == "0123456789abcdef"
    assert InboundEvent.objects.get().correlation_id == "0123456789abcdef"


def test_refusals_are_those_of_the_ordinary_way(knock, bot):
    path = f"/api/webhooks/telegram/{bot.pk}"
    assert knock(f"{path}/wrong", update())[0] == "404 Not Found"
    assert knock(f"{path}/p", [])[0] == "400 Bad Request"
    assert knock("/api/webhooks/nobody", {})[0] == "404 Not Found"
    assert knock("/api/webhooks/avito", {})[0] == "200 OK"
    assert not InboundEvent.objects.exists()


def test_everything_else_is_the_sites(knock, bot):
    assert knock("/api/bots", {})[0] == "299 The site"
    assert knock("/api/webhooks", {})[0] == "299 The site"


def test_what_comes_in_is_counted_under_its_route(knock, bot):
    knock(f"/api/webhooks/telegram/{bot.pk}/p", update())
    shown = render_metrics().decode()
    assert "/api/webhooks/telegram/<uuid:bot_id>/<str:secret>" in shown
    assert str(bot.pk) not in shown
