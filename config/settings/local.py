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
