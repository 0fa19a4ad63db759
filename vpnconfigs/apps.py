from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

CUSTOMER_VIEWS = (
    "vpnconfigs.api.config_views.",
    "vpnconfigs.api.shop_views.",
    "vpnconfigs.api.subscription_views.",
    "vpnconfigs.api.talk_views.",
)
STAFF_VIEWS = ("vpnconfigs.api.staff_", "vpnconfigs.api.panel_views.")


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
