"""Apps by platform, and the links by which each takes in a subscription at one touch."""

import base64
from dataclasses import dataclass
from urllib.parse import quote

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class App:
    """``import_url`` opens the installed app, ``store_url`` is where to get it."""

    name: str
    store_url: str
    import_url: str


@dataclass(frozen=True, slots=True)
class Platform:
    code: str
    name: str | Promise
    icon: str
    apps: tuple[App, ...]


_APPLE = "https://apps.apple.com/app"
_PLAY = "https://play.google.com/store/apps/details?id="
_GITHUB = "https://github.com"


def platforms_for(url: str, *, title: str) -> tuple[Platform, ...]:
    """Return the platforms with their apps, the first of each the one to take.

    :param url: the subscription's address.
    :param title: what an app calls it that does not read ``Profile-Title``.
    """
    happ = f"happ://add/{url}"
    v2raytun = f"v2raytun://import/{url}"
    hiddify = f"hiddify://import/{url}#{quote(title, safe='')}"
    shadowrocket = f"shadowrocket://add/sub://{_base64(url)}?remark={quote(title, safe='')}"
    v2rayng = f"v2rayng://install-sub?url={quote(url, safe='')}#{quote(title, safe='')}"
    clash = f"clash://install-config?url={quote(url, safe='')}&name={quote(title, safe='')}"
    hiddify_store = f"{_GITHUB}/hiddify/hiddify-app/releases/latest"
    return (
        Platform(
            "ios",
            _("iPhone, iPad"),
            "device-mobile",
            (
                App("Happ", f"{_APPLE}/id6504287215", happ),
                App("v2RayTun", f"{_APPLE}/id6476628951", v2raytun),
                App("Shadowrocket", f"{_APPLE}/id932747118", shadowrocket),
            ),
        ),
        Platform(
            "android",
            "Android",
            "device-mobile",
            (
                App("Happ", f"{_PLAY}com.happproxy", happ),
                App("v2rayNG", f"{_GITHUB}/2dust/v2rayNG/releases/latest", v2rayng),
                App("Hiddify", hiddify_store, hiddify),
            ),
        ),
        Platform(
            "windows",
            "Windows",
            "device-desktop",
            (
                App("Happ", f"{_GITHUB}/Happ-proxy/happ-desktop/releases/latest", happ),
                App("Hiddify", hiddify_store, hiddify),
                App(
                    "Clash Verge Rev",
                    f"{_GITHUB}/clash-verge-rev/clash-verge-rev/releases/latest",
                    clash,
                ),
            ),
        ),
        Platform(
            "macos",
            "macOS",
            "device-laptop",
            (
                App("Happ", f"{_APPLE}/id6504287215", happ),
                App("Hiddify", hiddify_store, hiddify),
            ),
        ),
        Platform("linux", "Linux", "device-desktop", (App("Hiddify", hiddify_store, hiddify),)),
    )


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
