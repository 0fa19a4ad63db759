"""How often an address may try to sign in or register, over pages and API together."""

from django.conf import settings
from django.utils.decorators import method_decorator

from config.lib.ratelimit import limited


def sign_in_rate() -> str:
    return f"{settings.AUTH_REQUESTS_PER_MINUTE}/m"


limit_sign_in = method_decorator(limited("auth", sign_in_rate))
