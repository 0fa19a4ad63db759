"""Which program sends an API call."""

from rest_framework.request import Request

from accounts.services.telegram_sign_in import Client
from config.lib.clientip import UNKNOWN, client_address

BOT_HEADER = "X-Telegram-Bot"


def client_of(request: Request) -> Client:
    """Return the caller's address and program, for the list of sessions."""
    address = client_address(request._request)
    return Client(
        ip=None if address == UNKNOWN else address,
        user_agent=request.headers.get("User-Agent", ""),
    )


def bot_name_of(request: Request) -> str:
    """Return whose Mini App calls: by ``X-Telegram-Bot`` or ``?bot=``; empty for our own."""
    return request.headers.get(BOT_HEADER) or request.query_params.get("bot", "")
