"""What ``make run`` uses: the site on a developer's machine, with the sandbox beside it."""

from config.env import env
from config.settings.base import *

ALLOWED_HOSTS = ["*"]
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
DEFAULT_REQUESTS_PER_MINUTE = env.int("DEFAULT_REQUESTS_PER_MINUTE", default=100_000)
AUTH_REQUESTS_PER_MINUTE = env.int("AUTH_REQUESTS_PER_MINUTE", default=10_000)
# The sandbox's stand-in for Telegram's own key, beside the real one.
TELEGRAM_THIRD_PARTY_KEYS = [
    *TELEGRAM_THIRD_PARTY_KEYS,
    "a128d78bcd18f5677d65aa2a6e9fe6c113ea5b899aab21008aa4678a9fea57eb",
]
if SANDBOX_URL:
    TELEGRAM_LINK_BASE = env.str("TELEGRAM_LINK_BASE", default=f"{SANDBOX_URL.rstrip('/')}/t.me")
    # The stage shows the pages that bots open inside its phones, as Telegram does.
    CONTENT_SECURITY_POLICY = {
        "DIRECTIVES": {
            **CONTENT_SECURITY_POLICY["DIRECTIVES"],
            "frame-ancestors": [SANDBOX_URL.rstrip("/")],
        },
    }
if SANDBOX_URL and not env.str("TELEGRAM_OIDC_CLIENT_ID", default=""):
    TELEGRAM_OIDC_ISSUER = f"{SANDBOX_URL.rstrip('/')}/oidc"
    TELEGRAM_OIDC_CLIENT_ID = "700000001"
    TELEGRAM_OIDC_CLIENT_SECRET = "sandbox-secret-of-700000001"  # noqa: S105
