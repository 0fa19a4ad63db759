"""Bots and accounts that are known on both sides of the wire, for the tests of the wires."""

import asyncio
import uuid

from integrations.avito import sender as avito_sender
from integrations.models import AvitoAccount, Bot
from integrations.services import avito_accounts, avito_tokens, bots
from integrations.services.calls import Call
from integrations.telegram import client as telegram_client
from integrations.telegram import sender as telegram_sender


def connect_bot(organization, sandbox, token, **fields) -> Bot:
    """Make a bot in the sandbox and on the site."""
    sandbox.control("telegram/bots", {"token": token, "username": "shop_bot"})
    return bots.create_bot(
        actor=None, organization=organization, name="Shop", token=token, **fields
    )


def open_group(sandbox, *tokens, **fields) -> int:
    body = {"title": "Buyers", "bots": list(tokens), "is_forum": True, **fields}
    return sandbox.control("telegram/groups", body)["chat_id"]


def connect_account(organization, sandbox, client_id="client-1", bot=None) -> AvitoAccount:
    """Make an Avito account in the sandbox and on the site."""
    keys = {"client_id": client_id, "client_secret": f"secret-of-{client_id}"}
    sandbox.control("avito/accounts", keys)
    return avito_accounts.create_avito_account(
        actor=None,
        organization=organization,
        name="Shop",
        api_client_id=keys["client_id"],
        api_client_secret=keys["client_secret"],
        bot=bot,
    )


def open_chat(sandbox, account, title="Bicycle") -> str:
    body = {
        "user_id": account.avito_user_id,
        "item": {"title": title, "price": 12_500},
        "buyer": {"name": "Boris"},
    }
    return sandbox.control("avito/chats", body)["chat_id"]


def buyer_says(sandbox, chat_id, text) -> None:
    sandbox.control("avito/say", {"chat_id": chat_id, "type": "text", "text": text})


def telegram_call(sender, method, **params):
    """Make one call in a loop of its own and close the loop's connections."""

    async def run():
        try:
            return await telegram_sender.send(sender, Call(method, params))
        finally:
            await telegram_client.close()

    return asyncio.run(run())


def avito_call(sender, method, **params):
    return asyncio.run(avito_sender.send(sender, Call(method, params)))


def forget_tokens() -> None:
    """Play a process that has just started."""
    avito_tokens._known.clear()


def nobody(prefix: str) -> str:
    return f"{prefix}:{uuid.uuid4()}"
