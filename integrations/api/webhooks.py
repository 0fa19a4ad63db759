"""Where Telegram, Avito and Yandex knock: plain views, for each millisecond is a group's."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integrations.services import webhooks, yandex_bot
from integrations.services.webhooks import Answer, BadBodyError

logger = logging.getLogger(__name__)

MAX_BYTES = 1024 * 1024
RETRY_SECONDS = "2"
TELEGRAM_HEADER = "X-Telegram-Bot-Api-Secret-Token"

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def _hot(view: Callable[Concatenate[bytes, HttpRequest, P], HttpResponse]) -> View[P]:
    """Read the body within bounds and turn every failure into the status that it deserves.

    Never 500: what was not stored must be sent again, so a database that is gone is 503.
    """

    @csrf_exempt
    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES:
                return HttpResponse(status=413)
            body = request.read(MAX_BYTES + 1)
            if len(body) > MAX_BYTES:
                return HttpResponse(status=413)
            return view(body, request, *args, **kwargs)
        except (BadBodyError, UnreadablePostError, RequestDataTooBig, ValueError):
            return HttpResponse(status=400)
        except yandex_bot.BotUnknownError:
            return HttpResponse(status=503, headers={"Retry-After": RETRY_SECONDS})
        except (DatabaseError, InterfaceError) as error:
            logger.error("webhook not stored", extra={"error": type(error).__name__})
            return HttpResponse(status=503, headers={"Retry-After": RETRY_SECONDS})

    return guarded


@_hot
def telegram(body: bytes, request: HttpRequest, bot_id: UUID, secret: str) -> HttpResponse:
    """Take in one update of a bot."""
    header = request.headers.get(TELEGRAM_HEADER, "")
    answer = webhooks.receive_telegram(bot_id=bot_id, secret=secret, header=header, body=body)
    return _empty(404 if answer is Answer.UNKNOWN else 200)


@_hot
def avito(body: bytes, request: HttpRequest, account_id: UUID, secret: str) -> HttpResponse:
    """Take in one event of an Avito account."""
    answer = webhooks.receive_avito(account_id=account_id, secret=secret, body=body)
    return _empty(404 if answer is Answer.UNKNOWN else 200)


@_hot
def avito_without_secret(body: bytes, request: HttpRequest) -> HttpResponse:
    """Believe nothing, but look soon: the poll fetches what is true."""
    webhooks.ring_for_avito_user(body)
    return _empty(200)


@_hot
def yandex(body: bytes, request: HttpRequest, secret: str) -> HttpResponse:
    """Take in what was written to the site's bot in Yandex Messenger."""
    answer = yandex_bot.receive_webhook(secret=secret, body=body)
    return _empty(404 if answer is Answer.UNKNOWN else 200)


def _empty(status: int) -> HttpResponse:
    """Answer without a body; not saying its length would make the server write it in chunks."""
    return HttpResponse(status=status, headers={"Content-Length": "0"})
