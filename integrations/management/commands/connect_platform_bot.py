"""Put the platform's own bot into service, as the environment names it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.lib.errors import AppError
from integrations.services.platform_bot import connect_platform_bot


class Command(BaseCommand):
    help = (
        "Connect the bot of TELEGRAM_BOT_TOKEN as the platform's own, or give it its new token and"
        " its webhook. Without the setting nothing is done. May run at every release."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            bot = connect_platform_bot()
        except AppError as error:
            # The token stands in none of these texts.
            raise CommandError(f"The platform's bot is not connected: {error}") from None
        if bot is None:
            self.stdout.write("TELEGRAM_BOT_TOKEN is not set: no bot is connected.")
        elif bot.last_error:
            raise CommandError(f"@{bot.username} has no webhook: {bot.last_error}")
        else:
            self.stdout.write(f"@{bot.username} is the platform's bot, {bot.get_status_display()}.")
