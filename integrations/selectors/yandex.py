"""The site's bot in Yandex Messenger."""

import hashlib

from django.conf import settings

from integrations.models import YandexBot


def find_yandex_bot() -> YandexBot | None:
    """Return the bot whose token is in the settings; ``None``: switched off, or not met yet."""
    if not settings.YANDEX_BOT_TOKEN:
        return None
    return YandexBot.objects.filter(token_hash=token_hash()).order_by("-told_at").first()


def token_hash() -> bytes:
    """Return what is kept of the token."""
    return hashlib.sha256(settings.YANDEX_BOT_TOKEN.encode()).digest()
