import uuid

import pytest
from django.utils import timezone

from accounts.services.ledger import system_wallet, transfer, wallet_of
from vpnconfigs.models import Inbound, Panel, ShopSettings, Tariff
from vpnconfigs.selectors.settings import forget_shop_settings
from vpnconfigs.tests.panels import GENERATIONS, ShopPanel, may_stand

DAY = timezone.timedelta(days=1)
GB = 1024**3


@pytest.fixture(autouse=True)
def _fresh_switches():
    """What a process remembers of the switches must not reach the next test."""
    forget_shop_settings()
    yield
    forget_shop_settings()


@pytest.fixture
def make_inbound(db):
    """Return a maker of inbounds that are sold, each on a panel of its own."""

    def make(*, protocol="vless", country="NL", **fields):
        number = Inbound.objects.count() + 1
        panel = Panel.objects.create(
            name=f"Panel {number}",
            url=f"https://panel{number}.example:2053/base",
            country=country,
            state=Panel.State.UP,
            sealed_credentials="x",
        )
        return Inbound.objects.create(
            panel=panel,
            external_id=number,
            protocol=protocol,
            network="tcp",
            port=443,
            stream={
                "network": "tcp",
                "security": "reality",
                "realitySettings": {
                    "serverNames": ["example.org"],
                    "shortIds": ["ab"],
                    "settings": {"publicKey": "k" * 43, "fingerprint": "chrome"},
                },
            },
            mirrored_at=timezone.now(),
            **{"is_sold": True, "security": "reality", **fields},
        )

    return make


@pytest.fixture
def make_tariff(db):
    """Return a maker of tariffs: 30 days, 10 GB, taken without asking, for nothing."""

    def make(code="month", **fields):
        defaults = {
            "name_ru": code,
            "name_en": code,
            "days": 30,
            "traffic_limit_bytes": 10 * GB,
            "device_limit": 3,
            "is_self_service": True,
        }
        return Tariff.objects.create(code=code, **(defaults | fields))

    return make


@pytest.fixture
def tariff(make_tariff):
    return make_tariff()


@pytest.fixture
def inbound(make_inbound):
    return make_inbound()


@pytest.fixture
def pay_in(db):
    """Return a maker of money: ``pay_in(user, kopecks)``."""

    def pay(user, kopecks):
        transfer(
            kind="dev_recharge",
            debit=system_wallet("dev"),
            credit=wallet_of(user),
            amount_kopecks=kopecks,
            idempotency_key=f"test:{uuid.uuid4()}",
            reference="test",
        )

    return pay


@pytest.fixture
def balance(db):
    def read(user):
        wallet = wallet_of(user)
        wallet.refresh_from_db()
        return wallet.balance_kopecks

    return read


@pytest.fixture
def switches(db):
    """Return a way to set the shop's switches."""

    def turn(**changes):
        ShopSettings.objects.update_or_create(pk=1, defaults=changes)
        forget_shop_settings()

    return turn


@pytest.fixture
def make_config(inbound, tariff):
    """Return a maker of configs that work: ``make_config(user)``."""
    from vpnconfigs.models import Config
    from vpnconfigs.services.identities import new_email, new_secret, new_sub_id
    from vpnconfigs.services.subscriptions import subscription_of

    def make(user, **fields):
        now = timezone.now()
        defaults = {
            "user": user,
            "subscription": subscription_of(user),
            "name": "Phone",
            "protocol": "vless",
            "tariff": tariff,
            "inbound": inbound,
            "email": new_email(),
            "secret": new_secret("vless"),
            "sub_id": new_sub_id(),
            "state": "active",
            "valid_from": now - 10 * DAY,
            "valid_to": now + 20 * DAY,
            "traffic_limit_bytes": 10 * GB,
            "synced_revision": 1,
            "synced_at": now - 10 * DAY,
        }
        return Config.objects.create(**(defaults | fields))

    return make


@pytest.fixture
def shop_panel(db, sandbox, settings):
    """Return a maker of panels that the shop sells from."""
    may_stand(sandbox, settings)

    def make(generation="g3b", **options) -> ShopPanel:
        return ShopPanel(sandbox, generation, **options)

    return make


@pytest.fixture(params=GENERATIONS)
def panel(request, shop_panel):
    """A panel of each generation in turn, with its row and inbounds that are sold."""
    return shop_panel(request.param)
