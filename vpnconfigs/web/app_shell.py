"""``/app``: the frame in which the shop's pages are shown inside of Telegram.

The first request carries no proof of who opens it: that stands in the fragment. So this page is
the same for everybody; its script signs in and loads the page that ``?to=`` names.
"""

from urllib.parse import urlsplit

from csp.constants import SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

HOME = "/configs"


@require_safe
@xframe_options_exempt
def show_app(request: HttpRequest) -> HttpResponseBase:
    """Answer with the shell. Only Telegram's web clients may put it into a frame."""
    page = render(request, "vpnconfigs/app.html", {"start": start_path(request.GET.get("to", ""))})
    page.headers["Cache-Control"] = "no-store"
    policy = {"frame-ancestors": [SELF, *settings.TELEGRAM_WEB_ORIGINS]}
    return csp_replace(policy)(lambda _request: page)(request)


def start_path(wanted: str) -> str:
    """Return a path of the shop's own pages, whatever was asked for."""
    if not wanted.startswith("/") or wanted.startswith("//"):
        return HOME
    try:
        match = resolve(urlsplit(wanted).path)
    except Resolver404:
        return HOME
    return wanted if match.app_name == "vpnconfigs" and match.url_name != "app" else HOME
