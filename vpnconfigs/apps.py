from collections.abc import Mapping
from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from config.lib.door import Door, doors

CUSTOMER_VIEWS = (
    "vpnconfigs.api.config_views.",
    "vpnconfigs.api.shop_views.",
    "vpnconfigs.api.subscription_views.",
    "vpnconfigs.api.talk_views.",
)
STAFF_VIEWS = ("vpnconfigs.api.staff_", "vpnconfigs.api.panel_views.")


def asks_for_a_body(environ: Mapping[str, Any]) -> bool:
    """Tell whether a request can only be an app's: all that may want the page is the site's.

    Stricter than ``subscription_page.wants_page``, which reads the query.
    """
    query = environ.get("QUERY_STRING", "")
    return not ("%" in query or "html" in query or "text/html" in environ.get("HTTP_ACCEPT", ""))


SUBSCRIPTIONS = Door(
    prefix="/sub/",
    urlconf="vpnconfigs.web.subscription_urls",
    middleware=(
        "django.middleware.security.SecurityMiddleware",
        "config.lib.policy.PolicyMiddleware",
        "config.lib.ratelimit.AddressLimitMiddleware",
        "config.lib.routes.TrailingSlashMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ),
    admits=asks_for_a_body,
)


class VpnconfigsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "vpnconfigs"
    verbose_name = _("VPN shop")

    def ready(self) -> None:
        from accounts.scopes import register_scope
        from config.lib.demo import register_demo
        from vpnconfigs import demo, handlers

        register_scope("vpn", _("VPN configs"), views=CUSTOMER_VIEWS)
        register_scope("vpn-staff", _("VPN shop, for its staff"), views=STAFF_VIEWS)
        handlers.register()
        register_demo("3 vpn", demo.seed)
        doors.register("subscriptions", SUBSCRIPTIONS)
