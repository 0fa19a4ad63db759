"""The only way to lock a row of integrations: always inside a transaction, one row at a time."""

from uuid import UUID

from config.lib.errors import NotFoundError
from integrations.models import AvitoAccount, Bot


def lock_bot(bot_id: UUID) -> Bot:
    """Return a bot, locked until the transaction ends.

    :raises NotFoundError: there is no such bot.
    """
    bot = Bot.objects.select_for_update().filter(pk=bot_id).first()
    if bot is None:
        raise NotFoundError
    return bot


def lock_avito_account(account_id: UUID) -> AvitoAccount:
    """Return an Avito account, locked until the transaction ends.

    :raises NotFoundError: there is no such account.
    """
    account = AvitoAccount.objects.select_for_update().filter(pk=account_id).first()
    if account is None:
        raise NotFoundError
    return account
