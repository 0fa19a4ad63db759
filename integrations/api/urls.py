from django.urls import path

from integrations.api import avito_views, bot_views, log_views, webhook_urls

app_name = "integrations-api"
urlpatterns = [
    *webhook_urls.urlpatterns,
    path("api/bots", bot_views.BotListView.as_view(), name="bot-list"),
    path("api/bots/<uuid:bot_id>", bot_views.BotView.as_view(), name="bot-detail"),
    path(
        "api/bots/<uuid:bot_id>/activate",
        bot_views.BotActivationView.as_view(),
        name="bot-activate",
    ),
    path(
        "api/bots/<uuid:bot_id>/deactivate",
        bot_views.BotDeactivationView.as_view(),
        name="bot-deactivate",
    ),
    path("bots", bot_views.CamelBotListView.as_view(), name="bots-list"),
    path("bots/<uuid:bot_id>", bot_views.CamelBotView.as_view(), name="bots-detail"),
    path(
        "bots/<uuid:bot_id>/activate",
        bot_views.CamelBotActivationView.as_view(),
        name="bots-activate",
    ),
    path(
        "bots/<uuid:bot_id>/deactivate",
        bot_views.CamelBotDeactivationView.as_view(),
        name="bots-deactivate",
    ),
    path(
        "api/v1/telegram/bots",
        bot_views.IntegrationBotListView.as_view(),
        name="telegram-bot-list",
    ),
    path(
        "api/v1/telegram/bots/<uuid:bot_id>",
        bot_views.IntegrationBotView.as_view(),
        name="telegram-bot-detail",
    ),
    path("api/v1/telegram/logs", log_views.LogListView.as_view(), name="log-list"),
    path(
        "api/v1/telegram/stats/errors", log_views.ErrorStatsView.as_view(), name="log-error-stats"
    ),
    path(
        "api/avito/accounts", avito_views.AvitoAccountListView.as_view(), name="avito-account-list"
    ),
    path(
        "api/avito/accounts/<uuid:account_id>",
        avito_views.AvitoAccountView.as_view(),
        name="avito-account-detail",
    ),
]
