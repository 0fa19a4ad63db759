from django.urls import path

from integrations.api import webhooks

app_name = "integrations-api"
urlpatterns = [
    path(
        "api/webhooks/telegram/<uuid:bot_id>/<str:secret>",
        webhooks.telegram,
        name="telegram-webhook",
    ),
    path("api/webhooks/avito/<uuid:account_id>/<str:secret>", webhooks.avito, name="avito-webhook"),
    path("api/webhooks/avito", webhooks.avito_without_secret, name="avito-webhook-bare"),
]
