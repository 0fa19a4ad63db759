"""The demo's VPN shop: a panel of each generation in the sandbox, tariffs, news, a promo code.

What somebody has changed since stays changed. A panel that does not answer is left as it is.
"""

import logging
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from config.lib.demo import SignIn, Stage
from config.lib.errors import AppError
from vpnconfigs.models import Inbound, News, Panel, PromoCode, ShopSettings, Tariff
from vpnconfigs.services import panels
from vpnconfigs.services.panels import InboundChanges, PanelChanges

logger = logging.getLogger(__name__)

GIGABYTE = 2**30

# name, generation, country, what customers read
_PANELS = (
    ("amsterdam", "g2", "NL", "Нидерланды"),
    ("frankfurt", "g3a", "DE", "Германия"),
    ("helsinki", "g3b", "FI", "Финляндия"),
)
# Remarks of the sandbox's inbounds that the shop sells from.
_SOLD = {"VLESS Reality": "Reality", "VLESS WS": "WebSocket", "TROJAN": "Trojan"}

_TARIFFS: tuple[dict[str, Any], ...] = (
    {
        "code": "start",
        "name_ru": "Старт",
        "name_en": "Start",
        "description_ru": "Бесплатно на месяц: взять можно сразу.",
        "description_en": "A month for nothing, taken at once.",
        "days": 30,
        "traffic_limit_bytes": 50 * GIGABYTE,
        "device_limit": 3,
        "is_self_service": True,
    },
    {
        "code": "trial",
        "name_ru": "Пробный",
        "name_en": "Trial",
        "description_ru": "Три дня, чтобы попробовать.",
        "description_en": "Three days to try it.",
        "days": 3,
        "traffic_limit_bytes": 5 * GIGABYTE,
        "device_limit": 1,
        "is_self_service": True,
        "is_trial": True,
    },
    {
        "code": "month",
        "name_ru": "Месяц",
        "name_en": "Month",
        "description_ru": "Без ограничения трафика, до пяти устройств.",
        "description_en": "Traffic without limit, up to five devices.",
        "days": 30,
        "device_limit": 5,
        "price_kopecks": 19_900,
        "is_self_service": True,
    },
    {
        "code": "by-request",
        "name_ru": "По заявке",
        "name_en": "By request",
        "description_ru": "Год для своих: заявку рассмотрит администратор.",
        "description_en": "A year for friends; staff decide on the request.",
        "days": 365,
    },
)
_NEWS: tuple[dict[str, Any], ...] = (
    {
        "title_ru": "Добро пожаловать",
        "title_en": "Welcome",
        "text_ru": "Возьмите тариф **Старт**: он бесплатный и включается сразу.",
        "text_en": "Take the tariff **Start**: it is free and begins at once.",
        "is_pinned": True,
    },
    {
        "title_ru": "Новая страна: Финляндия",
        "title_en": "A new country: Finland",
        "text_ru": "Обновите подписку в приложении, и новый сервер появится в списке.",
        "text_en": "Refresh the subscription in your app, and the new server is in the list.",
    },
)
PROMO_CODE = "START20"


def seed(stage: Stage) -> list[SignIn]:
    """Make both sides: the panels in the sandbox, and what the shop sells from them."""
    ShopSettings.objects.get_or_create(pk=1)
    for place, row in enumerate(_TARIFFS):
        Tariff.objects.get_or_create(code=row["code"], defaults={**row, "position": place})
    _tell_news()
    PromoCode.objects.get_or_create(
        code=PROMO_CODE, defaults={"effect": PromoCode.Effect.PERCENT, "value": 20}
    )
    for name, generation, country, title in _PANELS:
        try:
            _panel(stage, name=name, generation=generation, country=country, title=title)
        except AppError as error:
            logger.warning("the demo goes on without the panel %s: %s", name, error)
    return []


def _tell_news() -> None:
    published = {"state": News.State.PUBLISHED, "published_at": timezone.now()}
    for row in _NEWS:
        News.objects.get_or_create(title_ru=row["title_ru"], defaults={**row, **published})


def _panel(stage: Stage, *, name: str, generation: str, country: str, title: str) -> None:
    """Add the panel, or follow it to where the sandbox is now; sell from it once it is mirrored."""
    made = stage.control("xui/panels", {"name": name, "generation": generation})
    keys = {key: made.get(key, "") for key in ("url", "username", "password", "token")}
    panel = Panel.objects.filter(name=name).first()
    if panel is None:
        panel = panels.add_panel(
            actor=None, name=name, country=country, public_host=f"{name}.vpn.example", **keys
        )
    elif urlsplit(panel.url).netloc != urlsplit(made["url"]).netloc:
        panel = panels.change_panel(actor=None, panel_id=panel.pk, changes=PanelChanges(**keys))
    panels.test_panel(actor=None, panel_id=panel.pk)
    if not panel.inbounds.exclude(title="", is_sold=False).exists():
        _sell(panel, title)


def _sell(panel: Panel, title: str) -> None:
    for inbound in Inbound.objects.filter(panel=panel, remark__in=_SOLD):
        shown = f"{title} · {_SOLD[inbound.remark]}"
        changes = InboundChanges(is_sold=True, title=shown)
        panels.change_inbound(actor=None, inbound_id=inbound.pk, changes=changes)
