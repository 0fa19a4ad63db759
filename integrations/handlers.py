"""What integrations registers: its ways out, its sources, its sealed fields, its gauges."""

import sys
from functools import partial
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.bots import PLATFORM, KnownBot, bot_directory
from accounts.scopes import register_scope
from accounts.services.account_deletion import obstacles
from config.lib.health import register_health
from config.lib.metrics import register_gauges
from integrations import metrics, probes
from integrations.avito import sender as avito
from integrations.mail import sender as mail
from integrations.models import AvitoAccount, Bot
from integrations.services import (
    avito_tokens,
    bots,
    membership,
    sealed_fields,
    webhooks,
    yandex_bot,
)
from integrations.services.calls import Call, Channel, Outcome
from integrations.services.inbox import register_handler, register_source
from integrations.services.outbox import register_channel
from integrations.telegram.limits import limits as telegram_limits
from integrations.yandex import sender as yandex

TELEGRAM_WINDOW = 200
# As many hold in the database's integers.
_ID_DIGITS = 19


async def close_telegram() -> None:
    """End the connections of the running event loop, if any were made."""
    if client := sys.modules.get("integrations.telegram.client"):
        await client.close()


async def send_to_telegram(sender: str, call: Call) -> Outcome:
    """Make one call of the Bot API; see ``integrations.telegram.sender.send``."""
    # python-telegram-bot takes 0.8 s to import, which only the processes that send shall pay.
    from integrations.telegram.sender import send  # noqa: PLC0415

    return await send(sender, call)


def find_known_bot(name: str) -> KnownBot | None:
    """Return a bot that may vouch for people; see ``accounts.bots``. A switched-off one may not."""
    active = Bot.objects.filter(status=Bot.Status.ACTIVE)
    bot = active.filter(**_bot_named(name)).first()
    if bot is None:
        return None
    return KnownBot(
        id=bot.pk,
        telegram_id=bot.telegram_id,
        username=bot.username,
        organization_id=bot.organization_id,
        is_platform=bot.is_platform,
        open_token=partial(bots.open_token, bot),
    )


def _bot_named(name: str) -> dict[str, object]:
    if name == PLATFORM:
        return {"is_platform": True}
    if name.isdecimal():
        return {"telegram_id": int(name) if len(name) < _ID_DIGITS else 0}
    try:
        return {"pk": UUID(name)}
    except ValueError:
        return {"username__iexact": name}


def has_bots(organization_id: UUID) -> bool:
    """Say whether Telegram still sends us what is written to an organization's bots."""
    return Bot.objects.filter(organization_id=organization_id).exists()


def has_avito_accounts(organization_id: UUID) -> bool:
    """Say whether an organization still holds keys to accounts of Avito."""
    return AvitoAccount.objects.filter(organization_id=organization_id).exists()


def register() -> None:
    """Fill the registries of this app. Called once, by ``AppConfig.ready``."""
    _register_channels()
    _register_with_accounts()
    _register_sources()
    _register_watch()


def _register_channels() -> None:
    register_channel(
        Channel(
            name="telegram",
            prefix="bot",
            task="integrations.pump_telegram",
            send=send_to_telegram,
            limits=telegram_limits,
            window=TELEGRAM_WINDOW,
            close=close_telegram,
        )
    )
    register_channel(
        Channel(
            name="avito",
            prefix="avito",
            task="integrations.pump_avito",
            send=avito.send,
            limits=avito.limits,
            window=avito.THREADS,
            pumps=1,
        )
    )
    register_channel(
        Channel(
            name="mail",
            prefix="mail",
            task="integrations.pump_mail",
            send=mail.send,
            limits=mail.limits,
            window=mail.WINDOW,
            pumps=1,
        )
    )
    register_channel(
        Channel(
            name="yandex",
            prefix="yandex",
            task="integrations.pump_yandex",
            send=yandex.send,
            limits=yandex.limits,
            window=yandex.WINDOW,
            pumps=1,
        )
    )


def _register_with_accounts() -> None:
    bot_directory.register("telegram", find_known_bot)
    register_scope("bots", _("Bots"), views=("integrations.api.bot_views.",))
    register_scope("avito", _("Avito accounts"), views=("integrations.api.avito_views.",))
    obstacles.register("bots", has_bots)
    obstacles.register("avito accounts", has_avito_accounts)


def _register_sources() -> None:
    register_source(webhooks.TELEGRAM, webhooks.kind_of_update)
    register_source(webhooks.AVITO, webhooks.kind_of_avito)
    register_source(yandex_bot.SOURCE, yandex_bot.kind_of_yandex)
    register_handler("telegram", "my_chat_member", membership.on_my_chat_member)
    sealed_fields.register_sealed(Bot, "sealed_token", bots.token_ref)
    sealed_fields.register_sealed(
        AvitoAccount, "sealed_client_secret", avito_tokens.client_secret_ref
    )
    sealed_fields.register_sealed(
        AvitoAccount, "sealed_access_token", avito_tokens.access_token_ref
    )


def _register_watch() -> None:
    register_gauges("avito poll", metrics.avito_poll_age)
    register_gauges("avito gap", metrics.avito_gap)
    register_gauges("secrets", metrics.secrets_up)
    register_gauges("backlog", metrics.backlog)
    register_gauges("beat", metrics.beat_tick)
    register_health("beat", probes.probe_beat, kind="scheduler")
    register_health("outbox", probes.probe_outbox, kind="queue")
    register_health("inbox", probes.probe_inbox, kind="queue")
    register_health("telegram_bots", probes.probe_bots, kind="Telegram")
    register_health("avito_accounts", probes.probe_avito, kind="Avito")
