"""The demo's outside: the platform bot, the shop's bot with its forum group, its Avito account.

The keys below open nothing but the sandbox.
"""

from django.conf import settings

from accounts.demo import SHOP_NAME
from accounts.models import Organization
from config.lib.demo import SignIn, Stage
from integrations.models import AvitoAccount, Bot
from integrations.services import avito_accounts, bots, yandex_bot
from integrations.services.platform_bot import list_commands_of

PLATFORM_TOKEN = "700000001:AAdemo-platform-bot-of-the-sandbox0"  # noqa: S105
SHOP_TOKEN = "700000002:AAdemo-shop-bot-of-the-sandbox-0000"  # noqa: S105
GROUP_CHAT_ID = -1_007_000_000_001
CLIENT_ID = "demo-client"
CLIENT_SECRET = "demo-client-secret"  # noqa: S105
RIGHTS = {"can_manage_topics": True, "can_pin_messages": True, "can_delete_messages": True}


def seed(stage: Stage) -> list[SignIn]:
    """Make both sides: the world in the sandbox, and what the site knows of it."""
    _build_world(stage)
    shop = Organization.objects.get(name=SHOP_NAME, is_installation=False)
    installation = Organization.objects.get(is_installation=True)
    list_commands_of(_bot(installation, token=PLATFORM_TOKEN, name="Depesha", is_platform=True))
    bot = _bot(shop, token=SHOP_TOKEN, name="Бот магазина", group_chat_id=GROUP_CHAT_ID)
    _avito_account(shop, bot)
    yandex_bot.poll_due()
    return []


def _build_world(stage: Stage) -> None:
    stage.control("telegram/bots", {"token": PLATFORM_TOKEN, "username": "depesha_demo_bot"})
    stage.control("telegram/bots", {"token": SHOP_TOKEN, "username": "velo_demo_bot"})
    stage.control(
        "telegram/users",
        {"id": 5_000_001, "first_name": "Продавец", "username": "seller", "language_code": "ru"},
    )
    stage.control(
        "telegram/groups",
        {
            "chat_id": GROUP_CHAT_ID,
            "title": "Велосипеды: покупатели",
            "bots": [SHOP_TOKEN],
            "is_forum": True,
            "rights": RIGHTS,
        },
    )
    if settings.YANDEX_BOT_TOKEN:
        stage.control("yandex/bots", {"token": settings.YANDEX_BOT_TOKEN})
    account = stage.control(
        "avito/accounts", {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    )
    stage.control(
        "avito/chats",
        {
            "user_id": account["user_id"],
            "chat_id": "u2i-demo~bicycle",
            "item": {"title": "Велосипед Stels Navigator", "price": 12_500},
            "buyer": {"name": "Покупатель"},
        },
    )


def _bot(
    organization: Organization,
    *,
    token: str,
    name: str,
    group_chat_id: int | None = None,
    is_platform: bool = False,
) -> Bot:
    bot = Bot.objects.filter(telegram_id=int(token.partition(":")[0])).first()
    if bot is None:
        return bots.create_bot(
            actor=None,
            organization=organization,
            name=name,
            token=token,
            group_chat_id=group_chat_id,
            is_platform=is_platform,
        )
    bots.set_webhook(bot)
    return bot


def _avito_account(organization: Organization, bot: Bot) -> None:
    account = AvitoAccount.objects.filter(
        organization=organization, api_client_id=CLIENT_ID
    ).first()
    if account is None:
        avito_accounts.create_avito_account(
            actor=None,
            organization=organization,
            name="Магазин на Avito",
            api_client_id=CLIENT_ID,
            api_client_secret=CLIENT_SECRET,
            bot=bot,
        )
    else:
        avito_accounts.subscribe(account)
