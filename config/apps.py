from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class ConfigConfig(AppConfig):
    """The ground of the house: no models, only what every app stands on."""

    default = True
    name = "config"

    def ready(self) -> None:
        """Load what registers itself: system checks, the probes of the ground, task metrics."""
        from config import checks  # noqa: F401
        from config.lib import health, metrics  # noqa: F401


class AdminConfig(DjangoAdminConfig):
    """Django's admin with the site of ``config.lib.admin``."""

    default = False
    default_site = "config.lib.admin.Site"
