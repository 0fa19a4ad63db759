"""What a person does with their configs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.lib.errors import BusinessRuleError, ConflictError, InputError, NotFoundError
from vpnconfigs.models import Config, Purchase, Removal, Request, TrialUse
from vpnconfigs.services.configs import create_config, delete_config, rename_config
from vpnconfigs.services.purchases import renew_config
from vpnconfigs.tests.conftest import DAY, GB

pytestmark = pytest.mark.django_db


def test_a_config_is_made_with_its_identity_and_waits_for_the_panel(owner, inbound, tariff):
    before = timezone.now()
    config = create_config(user=owner, protocol="vless", tariff=tariff, name=" My \n phone\x00 ")
    assert (config.state, config.name, config.inbound) == ("provisioning", "My phone", inbound)
    assert config.email.startswith("d")
    assert config.flow == "xtls-rprx-vision"
    assert config.subscription.user == owner
    assert not config.is_synced
    assert before + 30 * DAY <= config.valid_to <= timezone.now() + 30 * DAY
    assert (config.traffic_limit_bytes, config.device_limit) == (10 * GB, 3)
    purchase = Purchase.objects.get()
    assert (purchase.kind, purchase.config, purchase.transfer) == ("new", config, None)


def test_each_protocol_has_its_secret(owner, make_inbound, tariff):
    make_inbound(protocol="vless")
    make_inbound(protocol="trojan")
    vless = create_config(user=owner, protocol="vless", tariff=tariff)
    trojan = create_config(user=owner, protocol="trojan", tariff=tariff)
    assert len(vless.secret) == 36
    assert "/" not in trojan.secret
    assert trojan.flow == ""
    assert len({vless.email, trojan.email, vless.sub_id, trojan.sub_id}) == 4


def test_without_a_tariff_the_first_that_costs_nothing_is_had(owner, inbound, make_tariff):
    make_tariff("paid", price_kopecks=100)
    make_tariff("asked", is_self_service=False, position=1)
    with pytest.raises(BusinessRuleError, match="tariff_required"):
        create_config(user=owner, protocol="vless")
    make_tariff("trial", is_trial=True, position=2)
    make_tariff("free", position=3)
    first, second = (create_config(user=owner, protocol="vless") for _ in range(2))
    assert (first.tariff.code, first.is_trial) == ("trial", True)
    assert (second.tariff.code, second.is_trial) == ("free", False)


def test_a_paid_tariff_is_paid_from_the_wallet(owner, inbound, make_tariff, pay_in, balance):
    paid = make_tariff("paid", price_kopecks=9900)
    with pytest.raises(BusinessRuleError, match="insufficient_balance"):
        create_config(user=owner, protocol="vless", tariff=paid)
    assert not Config.objects.exists()
    pay_in(owner, 10_000)
    config = create_config(user=owner, protocol="vless", tariff=paid, idempotency_key="a")
    again = create_config(user=owner, protocol="vless", tariff=paid, idempotency_key="a")
    assert (again, balance(owner)) == (config, 100)
    money = Purchase.objects.get().transfer
    assert (money.kind, money.amount_kopecks, money.reference) == (
        "vpn_purchase",
        9900,
        f"config:{config.pk}",
    )
    assert money.idempotency_key.startswith("vpn:new:")


def test_there_are_limits(owner, stranger, inbound, make_tariff, switches):
    switches(configs_per_person=2)
    trial = make_tariff("trial", is_trial=True)
    free = make_tariff("free")
    create_config(user=owner, protocol="vless", tariff=trial)
    with pytest.raises(BusinessRuleError, match="trial_used"):
        create_config(user=owner, protocol="vless", tariff=trial)
    second = create_config(user=owner, protocol="vless", tariff=free)
    with pytest.raises(BusinessRuleError, match="configs_limit") as refusal:
        create_config(user=owner, protocol="vless", tariff=free)
    assert refusal.value.extra["most"] == 2
    create_config(user=stranger, protocol="vless", tariff=trial)
    delete_config(actor=owner, config=second)
    create_config(user=owner, protocol="vless", tariff=free)
    assert Config.objects.filter(user=owner).exclude(state="deleted").count() == 2


def test_no_room_makes_nothing(owner, make_inbound, make_tariff, pay_in, balance):
    make_inbound(protocol="trojan")
    make_inbound(country="DE")
    trial = make_tariff("trial", is_trial=True, price_kopecks=5)
    pay_in(owner, 5)
    for place in ({"protocol": "vless", "country": "NL"}, {"protocol": "trojan", "country": "DE"}):
        with pytest.raises(ConflictError, match="no_room"):
            create_config(user=owner, tariff=trial, **place)
    assert not Config.objects.exists()
    assert not TrialUse.objects.exists()
    assert balance(owner) == 5
    made = create_config(user=owner, protocol="vless", tariff=trial, country="de")
    assert made.inbound.panel.country == "DE"


def test_a_tariff_that_is_given_by_staff_is_asked_for(owner, inbound, make_tariff):
    config = create_config(
        user=owner, protocol="vless", tariff=make_tariff(is_self_service=False), name="Phone"
    )
    assert (config.state, config.inbound, config.name) == ("requested", None, "Phone")
    assert Request.objects.get().config == config
    assert not Purchase.objects.exists()


@pytest.mark.parametrize("left", [-5, 0.0001, 12])
def test_renewal_adds_to_what_is_left(owner, make_config, left):
    now = timezone.now()
    end = now + left * DAY
    config = make_config(
        owner,
        valid_to=end,
        state="expired" if left < 0 else "expiring",
        used_up_bytes=3,
        used_down_bytes=4,
        earlier_bytes=10,
        traffic_limit_bytes=1,
    )
    renewed = renew_config(actor=owner, config=config, idempotency_key="k")
    again = renew_config(actor=owner, config=config, idempotency_key="k")
    assert again.valid_to == renewed.valid_to
    assert abs(renewed.valid_to - (max(now, end) + 30 * DAY)) < timedelta(seconds=5)
    assert (renewed.used_bytes, renewed.earlier_bytes, renewed.wanted_reset) == (0, 17, 1)
    assert renewed.traffic_limit_bytes == 10 * GB
    assert renewed.state == ("provisioning" if left < 0 else "expiring")
    assert renewed.revision > config.revision
    assert Purchase.objects.get().kind == "renewal"
    has_new_period = renewed.valid_from > config.valid_from
    assert has_new_period == (left < 0)


@pytest.mark.parametrize(
    ("fields", "error", "code"),
    [
        ({"state": "suspended"}, ConflictError, "config_state"),
        ({"state": "requested", "inbound": None}, ConflictError, "config_state"),
        ({"state": "deleted"}, NotFoundError, "not_found"),
        ({"valid_to": None}, ConflictError, "without_end"),
        ({"tariff": None}, BusinessRuleError, "tariff_required"),
    ],
)
def test_what_cannot_be_renewed(owner, make_config, fields, error, code):
    config = make_config(owner, **fields)
    with pytest.raises(error, match=code):
        renew_config(actor=owner, config=config)
    kept = Config.objects.get()
    assert (kept.state, kept.revision, kept.wanted_reset) == (config.state, 1, 0)
    assert not Purchase.objects.exists()


def test_only_its_owner_renews_renames_and_deletes(owner, stranger, make_config):
    config = make_config(owner)
    for deed in (
        lambda: renew_config(actor=stranger, config=config),
        lambda: rename_config(actor=stranger, config=config, name="Mine"),
        lambda: delete_config(actor=stranger, config=config),
    ):
        with pytest.raises(NotFoundError):
            deed()
    config.refresh_from_db()
    assert (config.name, config.state, config.revision) == ("Phone", "active", 1)
    assert rename_config(actor=owner, config=config, name="  Tablet ").name == "Tablet"
    with pytest.raises(InputError):
        rename_config(actor=owner, config=config, name=" \x00")


def test_a_deleted_config_leaves_its_panel(owner, make_config):
    config = make_config(owner, is_online=True)
    delete_config(actor=owner, config=config)
    kept = Config.objects.get()
    assert (kept.state, kept.is_online) == ("deleted", False)
    assert kept.deleted_at is not None
    leaving = Removal.objects.get()
    assert (leaving.inbound, leaving.email, leaving.secret, leaving.sub_id) == (
        config.inbound,
        config.email,
        config.secret,
        config.sub_id,
    )
    with pytest.raises(NotFoundError):
        delete_config(actor=owner, config=config)
    assert Removal.objects.count() == 1
