from integrations.models.accounts import AvitoAccount
from integrations.models.bots import Bot
from integrations.models.files import StoredFile
from integrations.models.inbox import InboundEvent
from integrations.models.log import BeatTick, IntegrationLog
from integrations.models.outbox import Delivery, DeliveryAttempt, Hold
from integrations.models.yandex import YandexBot

__all__ = [
    "AvitoAccount",
    "BeatTick",
    "Bot",
    "Delivery",
    "DeliveryAttempt",
    "Hold",
    "InboundEvent",
    "IntegrationLog",
    "StoredFile",
    "YandexBot",
]
