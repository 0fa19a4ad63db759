"""How often an address may try to sign in or register, over pages and API together."""

from django.conf import settings
from django.utils.decorators import method_decorator

from config.lib.ratelimit import limited


def sign_in_rate() -> str:
    return f"{settings.AUTH_REQUESTS_PER_MINUTE}/m"


# Each may send a letter to somebody who never asked for one.
_INVITATIONS = "60/h"

limit_sign_in = method_decorator(limited("auth", sign_in_rate))
limit_invitations = method_decorator(limited("invitations", _INVITATIONS, key="user"))
limit_mail = method_decorator(limited("mail", "20/h"))
