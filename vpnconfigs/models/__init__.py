from vpnconfigs.models.configs import Config, Device, Removal, SubscriptionLink
from vpnconfigs.models.panels import Inbound, Panel, PanelReport
from vpnconfigs.models.shop import (
    Gift,
    PromoCode,
    Purchase,
    Referral,
    ReferralCode,
    ShopSettings,
    Tariff,
    TrialUse,
)
from vpnconfigs.models.talk import News, NewsRead, Request, RequestMessage

__all__ = [
    "Config",
    "Device",
    "Gift",
    "Inbound",
    "News",
    "NewsRead",
    "Panel",
    "PanelReport",
    "PromoCode",
    "Purchase",
    "Referral",
    "ReferralCode",
    "Removal",
    "Request",
    "RequestMessage",
    "ShopSettings",
    "SubscriptionLink",
    "Tariff",
    "TrialUse",
]
