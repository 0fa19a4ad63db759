import json
import urllib.request

import pytest

from integrations.services.bots import create_bot

PERSON = 6_000_001


@pytest.fixture
def platform_bot(live_site, sandbox, other_organization, bot_token):
    """The platform's bot, with webhooks that reach the site."""
    sandbox.control("telegram/bots", {"token": bot_token, "username": "platform_test_bot"})
    sandbox.control("telegram/users", {"id": PERSON, "first_name": "Olga"})
    return create_bot(
        actor=None,
        organization=other_organization,
        name="Platform",
        token=bot_token,
        is_platform=True,
    )


@pytest.fixture
def reader(platform_bot, owner, sandbox, bot_token):
    """A person who has started the platform's bot and reads English."""
    owner.telegram_id = PERSON
    owner.save()
    start(sandbox, bot_token)
    return owner


def start(sandbox, token: str) -> None:
    sandbox.control(
        "telegram/say", {"bot": token, "chat_id": PERSON, "user": PERSON, "text": "/start"}
    )


@pytest.fixture
def mailbox(sandbox, settings):
    """Let letters go to the sandbox's mail server; return what reads the box."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

    def read() -> list[dict]:
        with urllib.request.urlopen(f"{sandbox.url}/mail", timeout=10) as answer:
            return json.loads(answer.read())

    return read
