"""What a browser finds at ``/sub/<token>``: how to bring the subscription into an app."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from vpnconfigs.links.qr import svg_data_uri
from vpnconfigs.links.titles import country_flag
from vpnconfigs.models import Config
from vpnconfigs.selectors.subscriptions import ShownConfig, Subscription
from vpnconfigs.web.import_links import platforms_for


@dataclass(frozen=True, slots=True)
class Line:
    """One config on the page. ``kind`` is the look of its badge."""

    title: str
    kind: str
    state: str
    valid_to: datetime | None


def wants_page(request: HttpRequest) -> bool:
    """Tell whether a person asks, and not an app: no app asks for HTML."""
    if request.GET.get("format"):
        return False
    is_told = request.GET.get("html") == "1" or request.GET.get("view") == "html"
    return is_told or "text/html" in request.headers.get("Accept", "")


def show_page(request: HttpRequest, subscription: Subscription, *, token: str) -> HttpResponse:
    """Answer with the page. It takes nobody's place: only apps are counted as devices."""
    url, now = f"{settings.SITE_URL}/sub/{token}", timezone.now()
    context = {
        "shop": subscription.shop,
        "subscription_url": url,
        "qr": svg_data_uri(url),
        "platforms": platforms_for(url, title=subscription.shop.title),
        "lines": [_line(config, now=now) for config in subscription.configs],
    }
    page = render(request, "vpnconfigs/subscription.html", context)
    page.headers["Cache-Control"] = "private, no-store"
    page.headers["X-Robots-Tag"] = "noindex, nofollow"
    page.headers["Referrer-Policy"] = "no-referrer"
    return page


def _line(config: ShownConfig, *, now: datetime) -> Line:
    state = config.state
    if config.is_expired(now):
        state = Config.State.EXPIRED
    elif config.is_depleted:
        state = Config.State.DEPLETED
    return Line(
        title=" ".join(filter(None, (country_flag(config.country), config.title))),
        kind="active" if config.is_live(now) else "error",
        state=str(Config.State(state).label),
        valid_to=config.valid_to,
    )
