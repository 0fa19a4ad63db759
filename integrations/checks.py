"""Combinations of settings that cannot work."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from integrations.services.secrets import parse_keys

RATES = (
    "TELEGRAM_BOT_PER_SECOND",
    "TELEGRAM_CHAT_PER_SECOND",
    "TELEGRAM_GROUP_PER_MINUTE",
    "AVITO_PER_SECOND",
    "AVITO_CHAT_PER_SECOND",
    "XUI_TIMEOUT_SECONDS",
)


@register(Tags.security)
def check_secrets_keys(**_: Any) -> list[CheckMessage]:
    """Refuse keys that cannot seal."""
    try:
        parse_keys(settings.SECRETS_KEYS)
    except ImproperlyConfigured as error:
        return [Error(str(error), id="integrations.E001")]
    return []


@register()
def check_rates(**_: Any) -> list[CheckMessage]:
    """Refuse allowances under which nothing could ever be sent."""
    return [
        Error(f"{name} must be greater than 0.", id="integrations.E002")
        for name in RATES
        if getattr(settings, name) <= 0
    ]


@register(Tags.security, deploy=True)
def check_site_url(**_: Any) -> list[CheckMessage]:
    """Telegram and Avito bring what they have to an HTTPS address only."""
    if settings.SITE_URL.startswith("https://"):
        return []
    return [Warning("SITE_URL is not https: webhooks cannot be set.", id="integrations.W001")]
