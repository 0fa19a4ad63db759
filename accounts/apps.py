from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts import demo, metrics
        from config.lib.demo import register_demo
        from config.lib.metrics import register_gauges

        register_demo("1 people", demo.seed)
        register_gauges("ledger", metrics.ledger_differences)
