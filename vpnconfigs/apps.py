from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VpnconfigsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "vpnconfigs"
    verbose_name = _("VPN shop")

    def ready(self) -> None:
        from config.lib.demo import register_demo
        from vpnconfigs import demo, handlers

        handlers.register()
        register_demo("3 vpn", demo.seed)
