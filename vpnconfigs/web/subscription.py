"""``/sub/<token>``: what a customer's VPN app reads, again and again.

A plain view without session or person: a hundred thousand apps ask it twice a day.
"""

import base64
import hashlib
import logging
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe
from rest_framework.request import Request

from config.lib.clientip import address_block, client_address
from config.lib.errors import NotFoundError, RateLimitedError
from config.lib.ratelimit import spend
from vpnconfigs.links.share import LinkError
from vpnconfigs.links.subscription import Format, choose_format, render_body, subscription_headers
from vpnconfigs.selectors.bodies import (
    Entry,
    device_limit_of,
    digest_of,
    entries_of,
    links_in,
    too_many_devices,
    usages_of,
)
from vpnconfigs.selectors.subscriptions import ShownShop, Subscription, find_subscription
from vpnconfigs.services.devices import NamedDevice, admit
from vpnconfigs.services.subscriptions import note_read
from vpnconfigs.web.subscription_page import show_page, wants_page

logger = logging.getLogger(__name__)

RETRY_SECONDS = "30"
# A household with all its devices and apps; a carrier may have thousands behind one address.
READS = "60/m"
# Who asks for what is not there has mistyped once, or is guessing.
MISSES = "30/m"
HWID_LENGTH = 128


@require_safe
def show_subscription(request: HttpRequest, subscription_token: str) -> HttpResponseBase:
    """Answer an app with a body, a browser with a page. What went wrong is said in plain text."""
    try:
        return _answer(request, subscription_token)
    except LinkError as error:
        return _plain(str(error), status=400)
    except RateLimitedError as error:
        return _plain("Too many requests.", status=429, retry_after=str(error.retry_after))
    except (DatabaseError, InterfaceError) as error:
        logger.error("subscription not read", extra={"error": type(error).__name__})
        return _plain("Not now.", status=503, retry_after=RETRY_SECONDS)


def _answer(request: HttpRequest, token: str) -> HttpResponseBase:
    spend(request, group="subscription", rate=READS, key=lambda _: token)
    is_page = wants_page(request)
    device = None if is_page else _device(request)
    subscription = find_subscription(token, hwid=device.hwid if device else "")
    if subscription is None:
        spend(request, group="subscription-unknown", rate=MISSES, key=_by_address)
        if is_page:
            raise NotFoundError
        return _plain("Not found.", status=404)
    if is_page:
        return show_page(request, subscription, token=token)
    return _serve(request, subscription, device=device, token=token)


def _serve(
    request: HttpRequest, subscription: Subscription, *, device: NamedDevice | None, token: str
) -> HttpResponse:
    format_ = choose_format(
        query=request.GET.get("format", ""),
        accept=request.headers.get("Accept", ""),
        user_agent=request.headers.get("User-Agent", ""),
    )
    if subscription.is_note_due and request.method == "GET":
        note_read(
            subscription_id=subscription.id, reader=_clean(request.headers.get("User-Agent", ""))
        )
    now = timezone.now()
    limit = device_limit_of(subscription, now=now)
    is_admitted = device is None or admit(subscription, device, limit=limit)
    with translation.override(subscription.language or settings.LANGUAGE_CODE):
        if is_admitted:
            entries = entries_of(subscription, now=now)
        else:
            entries = [too_many_devices(limit)]
        response = _body(request, entries, format_=format_)
    refusal = {} if is_admitted else _refusal(entries[0].title)
    for name, value in (_profile(subscription, now=now, token=token) | refusal).items():
        response.headers[name] = value
    return response


def _body(request: HttpRequest, entries: list[Entry], *, format_: Format) -> HttpResponse:
    """Return the body, or 304 to whom has it: then nothing is made."""
    etag = f'"{digest_of(entries, kind=format_)}"'
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if etag in (tag.removeprefix("W/") for tag in known):
        response = HttpResponse(status=304)
    else:
        body = render_body(links_in(entries), format_=format_)
        response = HttpResponse(body.content, content_type=body.content_type)
        response.headers["Content-Length"] = str(len(body.content))
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept, User-Agent, X-HWID"
    return response


def _profile(subscription: Subscription, *, now: datetime, token: str) -> dict[str, str]:
    shop = subscription.shop
    headers = subscription_headers(
        usages_of(subscription, now=now),
        title=shop.title,
        update_hours=shop.update_hours,
        page_url=f"{settings.SITE_URL}/sub/{token}",
    )
    if support := _support_url(shop):
        headers["Support-Url"] = support
    return headers


def _support_url(shop: ShownShop) -> str:
    contact = shop.support_contact.strip()
    if contact.startswith("@"):
        return f"{settings.TELEGRAM_LINK_BASE}/{contact[1:]}"
    return contact if contact.startswith(("https://", "http://", "mailto:")) else ""


def _refusal(text: str) -> dict[str, str]:
    """What Happ (the second), v2RayTun (the third) and others read."""
    announce = base64.b64encode(text.encode()).decode()
    return {
        "x-hwid-active": "true",
        "x-hwid-max-devices-reached": "true",
        "x-hwid-limit": "true",
        "Announce": f"base64:{announce}",
    }


def _device(request: HttpRequest) -> NamedDevice | None:
    """The device that an app names. A HEAD looks, and takes no place."""
    hwid = _clean(request.headers.get("x-hwid", ""))
    if not hwid or request.method == "HEAD":
        return None
    if len(hwid) > HWID_LENGTH:
        hwid = hashlib.sha256(hwid.encode()).hexdigest()
    return NamedDevice(
        hwid=hwid,
        platform=_clean(request.headers.get("x-device-os", ""))[:64],
        os_version=_clean(request.headers.get("x-ver-os", ""))[:32],
        model=_clean(request.headers.get("x-device-model", ""))[:64],
        app=_clean(request.headers.get("User-Agent", ""))[:200],
    )


def _clean(text: str) -> str:
    return "".join(character for character in text if character.isprintable()).strip()


def _plain(text: str, *, status: int, retry_after: str = "") -> HttpResponse:
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    if retry_after:
        response.headers["Retry-After"] = retry_after
    return response


def _by_address(request: HttpRequest | Request) -> str:
    return address_block(client_address(request))
