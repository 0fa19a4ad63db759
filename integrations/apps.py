from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from config.lib.door import Door, doors

WEBHOOKS = Door(
    prefix="/api/webhooks/",
    urlconf="integrations.api.webhook_urls",
    middleware=("config.lib.routes.TrailingSlashMiddleware",),
)


class IntegrationsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "integrations"
    verbose_name = _("Integrations")

    def ready(self) -> None:
        from config.lib.demo import register_demo
        from integrations import checks, demo, handlers  # noqa: F401

        handlers.register()
        register_demo("2 integrations", demo.seed)
        doors.register("webhooks", WEBHOOKS)
