from integrations.models.accounts import AvitoAccount
from integrations.models.bots import Bot
from integrations.models.files import StoredFile
from integrations.models.inbox import InboundEvent
from integrations.models.log import BeatTick, IntegrationLog
from integrations.models.outbox import Delivery, DeliveryAttempt, Hold

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
]
