"""Settings of the test suite: real PostgreSQL and Redis, the sandbox as the outside world."""

import os
import re

os.environ.setdefault("SECRET_KEY", "a-key-for-tests-only-0123456789-0123456789-0123456789")
os.environ.setdefault("SECRETS_KEYS", "k1:" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
os.environ.setdefault("SITE_URL", "http://testserver")
# Each test process has a Redis database of its own, so that one may flush it.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
_redis = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379")
os.environ["REDIS_URL"] = f"{re.sub(r'/[0-9]*$', '', _redis)}/{int(_worker) % 16}"

from config.settings.base import *  # noqa: E402

ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "accounts.hashers.MovedBcryptHasher",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
RATE_LIMIT_ENABLED = False
AXES_ENABLED = False
WHITENOISE_AUTOREFRESH = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
