"""The look of the Django admin (django-unfold)."""

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

UNFOLD = {
    "SITE_TITLE": "Depesha",
    "SITE_HEADER": "Depesha",
    "SITE_SUBHEADER": _("Administration"),
    "SITE_URL": "/client",
    "SITE_ICON": lambda request: static("img/logo.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/logo.svg")}
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "DASHBOARD_CALLBACK": "vpnconfigs.admin.overview.overview",
    "LOGIN": {"redirect_after": reverse_lazy("admin:index")},
    "SIDEBAR": {"show_search": True, "show_all_applications": True},
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 260)",
            "100": "oklch(93.5% .03 260)",
            "200": "oklch(88.5% .058 260)",
            "300": "oklch(81% .1 260)",
            "400": "oklch(70.5% .155 260)",
            "500": "oklch(61.5% .2 260)",
            "600": "oklch(52% .215 260)",
            "700": "oklch(46.5% .195 260)",
            "800": "oklch(40.5% .16 260)",
            "900": "oklch(36% .12 260)",
            "950": "oklch(27% .08 260)",
        }
    },
}
