"""The commands that the platform's bot offers, as Telegram lists them beside the field."""

from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise

from config.lib.http import OutsideError
from config.lib.registry import Registry
from integrations.models import Bot
from integrations.services.bots import open_token, refusal_of
from integrations.telegram import setup

# What Telegram shows to people whose language has no list of its own.
_ANY = ""


@dataclass(frozen=True, slots=True)
class Command:
    description: str | Promise
    rank: int


commands: Registry[Command] = Registry("listed command")


def register_command(name: str, description: str | Promise, *, rank: int) -> None:
    """Add a command to the list. Called in ``AppConfig.ready()`` only."""
    commands.register(name, Command(description, rank))


def list_commands() -> list[tuple[str, str]]:
    """Return the commands with their descriptions in the active language, in their order."""
    ordered = sorted(commands.items(), key=lambda item: item[1].rank)
    return [(name, str(command.description)) for name, command in ordered]


def tell_commands(bot: Bot) -> None:
    """Let Telegram list the commands in private chats, in each language of the site.

    :raises OutsideWorldError: Telegram refused or does not answer.
    """
    token = open_token(bot)
    try:
        for language in (_ANY, *dict(settings.LANGUAGES)):
            with translation.override(language or "en"):
                setup.set_my_commands(token, list_commands(), language_code=language)
    except OutsideError as error:
        raise refusal_of(error) from error
