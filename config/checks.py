"""What ``manage.py check`` and every start refuse: settings that do not fit together."""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Advice

KEY_BYTES = 32
MIN_SECRET_KEY_LENGTH = 32
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_AT_LEAST = {
    "DEFAULT_REQUESTS_PER_MINUTE": 1,
    "AUTH_REQUESTS_PER_MINUTE": 1,
    "TRUSTED_PROXIES": 0,
    "SWEEP_SECONDS": 0.1,
    "AVITO_POLL_SECONDS": 1,
    "ACCESS_TOKEN_TTL_SECONDS": 1,
    "REFRESH_TOKEN_TTL_SECONDS": 1,
}


@register()
def check_secrets_keys(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Report keys that are not ``id:base64 of 32 bytes``, comma separated. Never shows one."""
    entries = [entry.strip() for entry in settings.SECRETS_KEYS.split(",")]
    problems = [_key_problem(number, entry) for number, entry in enumerate(entries, start=1)]
    errors: list[CheckMessage] = [Error(p, id="config.E001") for p in problems if p]
    names = [entry.partition(":")[0] for entry in entries]
    if len(set(names)) < len(names):
        errors.append(Error("SECRETS_KEYS names one key id twice.", id="config.E002"))
    return errors


@register()
def check_numbers(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Report numbers that would switch a part of the site off by accident."""
    return [
        Error(f"{name} must be at least {least}.", id="config.E003")
        for name, least in _AT_LEAST.items()
        if getattr(settings, name) < least
    ]


@register()
def check_site_url(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Report a SITE_URL from which no link or webhook address can be made."""
    parts = urlsplit(settings.SITE_URL)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return [Error("SITE_URL must look like https://example.org.", id="config.E004")]
    return []


@register()
def check_production(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Report what is fit for a developer's machine only."""
    if not settings.IS_PRODUCTION:
        return []
    return list(_production_problems())


def _production_problems() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield Error("DEBUG is on in production.", id="config.E005")
    if len(settings.SECRET_KEY) < MIN_SECRET_KEY_LENGTH:
        text = f"SECRET_KEY must have at least {MIN_SECRET_KEY_LENGTH} characters."
        yield Error(text, id="config.E006")
    if "*" in settings.ALLOWED_HOSTS:
        yield Error("ALLOWED_HOSTS lets any name in.", id="config.E007")
    if not settings.SITE_URL.startswith("https://"):
        hint = "Telegram and Avito deliver webhooks over TLS only."
        yield Error("SITE_URL must begin with https://.", hint=hint, id="config.E008")
    if not settings.TRUSTED_PROXIES and _has_loopback(settings.METRICS_ADDRESSES):
        yield Advice(
            "TRUSTED_PROXIES is 0 while METRICS_ADDRESSES lets this machine in.",
            hint="Behind a proxy on this machine everybody would read the metrics.",
            id="config.W001",
        )


def _has_loopback(addresses: Sequence[str]) -> bool:
    return any(address == "::1" or address.startswith("127.") for address in addresses)


def _key_problem(number: int, entry: str) -> str | None:
    key_id, _, encoded = entry.partition(":")
    if not _KEY_ID.fullmatch(key_id):
        return f"SECRETS_KEYS: entry {number} must begin with an id and a colon."
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return f"SECRETS_KEYS: entry {number} is not base64."
    if len(key) != KEY_BYTES:
        return f"SECRETS_KEYS: entry {number} must be {KEY_BYTES} bytes in base64."
    return None
