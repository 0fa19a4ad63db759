from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

PROFILE_VIEWS = ("accounts.api.auth_views.MeView", "accounts.api.bots_views.BotsMeView")
ORGANIZATION_VIEWS = (
    "accounts.api.organization_views.",
    "accounts.api.member_views.Member",
    "accounts.api.invitation_views.InvitationListView",
    "accounts.api.invitation_views.InvitationView",
)


class AccountsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts import demo, metrics
        from accounts.scopes import register_scope
        from config.lib.demo import register_demo
        from config.lib.metrics import register_gauges

        register_demo("1 people", demo.seed)
        register_gauges("ledger", metrics.ledger_differences)
        register_scope("profile", _("Your name and settings"), views=PROFILE_VIEWS)
        register_scope("organizations", _("Organizations and members"), views=ORGANIZATION_VIEWS)
