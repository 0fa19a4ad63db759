from vpnconfigs.models.configs import Config, Device, Removal, SubscriptionLink
from vpnconfigs.models.mass import MassAction, MassActionRow
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
    "MassAction",
    "MassActionRow",
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
