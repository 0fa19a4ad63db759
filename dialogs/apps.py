from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DialogsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "dialogs"
    verbose_name = _("Dialogs")

    def ready(self) -> None:
        from accounts.organization_settings import register_fields
        from accounts.scopes import register_scope
        from dialogs import handlers
        from dialogs.api.auto_reply_serializers import AutoReplyFields
        from dialogs.services import auto_reply_settings

        handlers.register()
        register_scope(
            "dialogs",
            _("Dialogs and messages"),
            views=("dialogs.api.views.Dialog", "dialogs.api.views.Message"),
        )
        register_fields(
            auto_reply_settings.PREFIX,
            serializer=AutoReplyFields,
            read=auto_reply_settings.read_settings,
            write=auto_reply_settings.change_settings,
        )
