from django.urls import path

from integrations.web import accounts, bots, log

app_name = "integrations"

urlpatterns = [
    path("client/bots", bots.list_or_create, name="bot-list"),
    path("client/bots/<uuid:bot_id>", bots.show_or_change, name="bot-detail"),
    path("client/bots/<uuid:bot_id>/check", bots.check, name="bot-check"),
    path("client/bots/<uuid:bot_id>/webhook", bots.renew_webhook, name="bot-webhook"),
    path("client/bots/<uuid:bot_id>/switch", bots.switch, name="bot-switch"),
    path("client/bots/<uuid:bot_id>/delete", bots.delete, name="bot-delete"),
    path("client/integrations", accounts.list_or_create, name="account-list"),
    path("client/integrations/log", log.show_log, name="log"),
    path(
        "client/integrations/avito/<uuid:account_id>",
        accounts.show_or_change,
        name="account-detail",
    ),
    path("client/integrations/avito/<uuid:account_id>/check", accounts.check, name="account-check"),
    path(
        "client/integrations/avito/<uuid:account_id>/webhook",
        accounts.renew_webhook,
        name="account-webhook",
    ),
    path(
        "client/integrations/avito/<uuid:account_id>/delete",
        accounts.delete,
        name="account-delete",
    ),
]
