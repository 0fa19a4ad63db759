"""A shop with one of everything on its pages."""

from datetime import timedelta
from types import SimpleNamespace

from django.utils import timezone

from accounts.services.ledger import system_wallet, transfer, wallet_of
from vpnconfigs.models import (
    Device,
    News,
    Panel,
    Purchase,
    Request,
    RequestMessage,
    ShopSettings,
    Tariff,
)
from vpnconfigs.selectors.settings import forget_shop_settings
from vpnconfigs.services.gifts import buy_gift
from vpnconfigs.services.subscriptions import subscription_of
from vpnconfigs.tests.mirrored import make_config, make_inbound

GB = 1024**3


def build_shop(user):
    """Configs in every state, tariffs, requests, news and gifts of one person."""
    ShopSettings.objects.update_or_create(pk=1, defaults={"has_referrals": True})
    forget_shop_settings()
    now = timezone.now()
    tariffs = _tariffs()
    places = [make_inbound(name, is_sold=True) for name in ("nl", "de", "fi")]
    make_inbound("se", is_sold=True, protocol="trojan")
    Panel.objects.update(state=Panel.State.UP)
    Panel.objects.filter(name="fi").update(state=Panel.State.DOWN)
    transfer(
        kind="dev_recharge",
        debit=system_wallet("dev"),
        credit=wallet_of(user),
        amount_kopecks=60_000,
        idempotency_key=f"shop-world:{user.pk}",
        reference="test",
    )
    configs = _configs(user, places, tariffs, now)
    Purchase.objects.create(
        user=user, config=configs["phone"], tariff=tariffs["month"], kind="new", days=30,
        price_kopecks=19_900, idempotency_key="shop-world:new",
    )  # fmt: skip
    link = subscription_of(user)
    for number, model in enumerate(("iPhone 15 Pro", "A tablet with a name longer than a line")):
        Device.objects.create(
            subscription=link, hwid=f"hw{number}", platform="iOS", os_version="18.1", model=model,
            last_seen_at=now - timedelta(hours=number + 1),
        )  # fmt: skip
    gift = buy_gift(user=user, tariff=tariffs["month"])
    return SimpleNamespace(
        tariffs=tariffs,
        configs=configs,
        gift=gift,
        request=_requests(user, configs, tariffs, now),
        news=_news(now),
    )


def _tariffs():
    rows = {
        "trial": {"days": 3, "traffic_limit_bytes": 5 * GB, "device_limit": 1, "is_trial": True},
        "month": {
            "days": 30, "traffic_limit_bytes": 100 * GB, "device_limit": 3,
            "price_kopecks": 19_900, "description_ru": "Для телефона и ноутбука",
            "description_en": "For a phone and a laptop",
        },
        "year": {"days": 365, "device_limit": 5, "price_kopecks": 149_000},
        "company": {"days": 0, "price_kopecks": 0, "is_self_service": False},
    }  # fmt: skip
    names = {
        "trial": ("Проба", "Trial"),
        "month": ("Месяц", "Month"),
        "year": ("Год", "Year"),
        "company": ("Для компаний", "For companies"),
    }
    return {
        code: Tariff.objects.create(
            code=code, position=place, name_ru=names[code][0], name_en=names[code][1],
            **({"is_self_service": True} | fields),
        )
        for place, (code, fields) in enumerate(rows.items())
    }  # fmt: skip


def _configs(user, places, tariffs, now):
    month, gb = tariffs["month"], {"traffic_limit_bytes": 100 * GB}
    return {
        "phone": make_config(
            user, places[0], name="Phone", tariff=month, is_online=True, used_down_bytes=42 * GB,
            last_online_at=now, device_limit=3, **gb,
        ),
        "laptop": make_config(
            user, places[1], name="A laptop whose name is longer than any telephone is wide",
            days=1, tariff=month, used_down_bytes=91 * GB,
            last_online_at=now - timedelta(hours=5), **gb,
        ),
        "waiting": make_config(
            user, places[2], name="Tablet", state="provisioning", synced_revision=0, tariff=month,
        ),
        "over": make_config(
            user, places[0], name="Old one", days=-2, state="expired", tariff=tariffs["trial"],
            traffic_limit_bytes=GB, used_down_bytes=GB,
        ),
        "asked": make_config(
            user, places[1], name="Office", state="requested", tariff=tariffs["company"], days=0,
        ),
    }  # fmt: skip


def _requests(user, configs, tariffs, now):
    asked = Request.objects.create(
        user=user, kind="access", tariff=tariffs["company"], config=configs["asked"],
        protocol="vless", last_message_at=now, is_unread_by_user=True,
    )  # fmt: skip
    texts = ["Hello! We are twelve.", "https://example.org/" + "a" * 160, "Done by Monday?"]
    for number, text in enumerate(texts):
        RequestMessage.objects.create(request=asked, is_from_staff=number % 2 == 1, text=text)
    Request.objects.create(
        user=user, kind="support", state="closed", config=configs["phone"], last_message_at=now,
    )  # fmt: skip
    Request.objects.create(
        user=user, kind="renewal", state="refused", comment="Not this time.",
        config=configs["over"], last_message_at=now - timedelta(days=40),
    )  # fmt: skip
    return asked


def _news(now):
    News.objects.create(
        title_ru="Ночные работы", title_en="Maintenance at night", text_ru="Ночью.",
        state="published", published_at=now - timedelta(days=400),
    )  # fmt: skip
    text = "## New\n\nNow in **Finland**: [see](https://example.org/).\n\n- fast\n- near\n\n`x`"
    return News.objects.create(
        title_ru="Новая страна: Финляндия", title_en="A new country: Finland", text_ru=text,
        text_en=text, state="published", is_pinned=True, published_at=now + timedelta(seconds=1),
    )  # fmt: skip
