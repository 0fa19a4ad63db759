from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DialogsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "dialogs"
    verbose_name = _("Dialogs")

    def ready(self) -> None:
        from accounts.scopes import register_scope
        from dialogs import handlers

        handlers.register()
        register_scope(
            "dialogs",
            _("Dialogs and messages"),
            views=("dialogs.api.views.Dialog", "dialogs.api.views.Message"),
        )
