"""The addresses of the webhooks alone, for the door that serves nothing else."""

from django.urls import path

from integrations.api import webhooks

urlpatterns = [
    path(
        "api/webhooks/telegram/<uuid:bot_id>/<str:secret>",
        webhooks.telegram,
        name="telegram-webhook",
    ),
    path("api/webhooks/avito/<uuid:account_id>/<str:secret>", webhooks.avito, name="avito-webhook"),
    path("api/webhooks/avito", webhooks.avito_without_secret, name="avito-webhook-bare"),
    path("api/webhooks/yandex/<str:secret>", webhooks.yandex, name="yandex-webhook"),
]
