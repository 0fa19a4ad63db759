"""Promo codes, gifts, referrals."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.lib.errors import BusinessRuleError, ConflictError, InputError, NotFoundError
from vpnconfigs.models import Config, Gift, PromoCode, Purchase, Referral
from vpnconfigs.services.configs import create_config
from vpnconfigs.services.gifts import buy_gift, redeem_gift
from vpnconfigs.services.promo_codes import check_promo_code
from vpnconfigs.services.purchases import renew_config
from vpnconfigs.services.referrals import note_referral, referral_code_of, reward_due

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def paid(make_tariff):
    return make_tariff("paid", price_kopecks=1000)


def promo(**fields):
    return PromoCode.objects.create(**({"code": "CODE", "effect": "percent", "value": 25} | fields))


@pytest.mark.parametrize(
    ("fields", "price", "days"),
    [
        ({}, 750, 30),
        ({"value": 100}, 0, 30),
        ({"effect": "amount", "value": 999}, 1, 30),
        ({"effect": "amount", "value": 5000}, 0, 30),
        ({"effect": "days", "value": 7}, 1000, 37),
    ],
)
def test_what_a_code_does(owner, inbound, paid, pay_in, balance, fields, price, days):
    code = promo(**fields)
    terms = check_promo_code(user=owner, code=" co de ", tariff=paid)
    assert (terms.price_kopecks, terms.days) == (price, days)
    pay_in(owner, 1000)
    config = create_config(user=owner, protocol="vless", tariff=paid, promo_code="code")
    assert balance(owner) == 1000 - price
    assert (config.valid_to - config.valid_from).days == days
    purchase = Purchase.objects.get()
    assert (purchase.price_kopecks, purchase.discount_kopecks) == (price, 1000 - price)
    assert (purchase.promo_code, purchase.transfer is None) == (code, price == 0)
    code.refresh_from_db()
    assert code.used_count == 1
    with pytest.raises(InputError) as refusal:
        renew_config(actor=owner, config=config, promo_code="CODE")
    assert refusal.value.fields[0].code == "used_already"
    assert Purchase.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"code": "OTHER"}, "unknown"),
        ({"is_active": False}, "unknown"),
        ({"starts_at": HOUR}, "unknown"),
        ({"ends_at": -HOUR}, "unknown"),
        ({"most_uses": 3, "used_count": 3}, "used_up"),
    ],
)
def test_codes_that_do_nothing(owner, inbound, paid, pay_in, balance, fields, code):
    now = timezone.now()
    promo(**{k: now + v if isinstance(v, timedelta) else v for k, v in fields.items()})
    pay_in(owner, 1000)
    with pytest.raises(InputError) as refusal:
        create_config(user=owner, protocol="vless", tariff=paid, promo_code="CODE")
    assert refusal.value.fields[0].code == code
    assert (balance(owner), Config.objects.count()) == (1000, 0)


def test_a_code_may_be_for_some_tariffs_and_switched_off(owner, paid, make_tariff, switches):
    promo().tariffs.add(make_tariff("year"))
    with pytest.raises(InputError) as refusal:
        check_promo_code(user=owner, code="CODE", tariff=paid)
    assert refusal.value.fields[0].code == "other_tariff"
    switches(has_promo_codes=False)
    with pytest.raises(InputError):
        check_promo_code(user=owner, code="CODE", tariff=make_tariff("week"))


def test_a_gift_goes_from_one_to_another(owner, stranger, inbound, paid, pay_in, balance):
    with pytest.raises(BusinessRuleError, match="insufficient_balance"):
        buy_gift(user=owner, tariff=paid)
    pay_in(owner, 1500)
    gift = buy_gift(user=owner, tariff=paid, idempotency_key="k")
    assert buy_gift(user=owner, tariff=paid, idempotency_key="k") == gift
    assert (balance(owner), len(gift.code)) == (500, 16)
    written = "-".join(gift.code[at : at + 4] for at in range(0, 16, 4)).lower()
    config = redeem_gift(user=stranger, code=f" {written} ", name="Mine")
    assert (config.user, config.tariff, config.name, config.state) == (
        stranger,
        paid,
        "Mine",
        "provisioning",
    )
    gift.refresh_from_db()
    assert (gift.taken_by, gift.purchase.config, gift.purchase.user) == (stranger, config, owner)
    assert Purchase.objects.count() == 1
    with pytest.raises(BusinessRuleError, match="gift_unknown"):
        redeem_gift(user=owner, code=gift.code)
    assert Config.objects.count() == 1


def test_a_gift_renews_ones_own(owner, stranger, make_config, paid, pay_in, switches):
    pay_in(owner, 2000)
    gift = buy_gift(user=owner, tariff=paid)
    others, own = make_config(stranger), make_config(owner)
    with pytest.raises(NotFoundError):
        redeem_gift(user=owner, code=gift.code, config=others)
    switches(configs_per_person=1)
    with pytest.raises(BusinessRuleError, match="configs_limit"):
        redeem_gift(user=owner, code=gift.code)
    assert not Gift.objects.exclude(taken_at=None).exists()
    assert (redeem_gift(user=owner, code=gift.code, config=own).valid_to - own.valid_to).days == 30
    old = buy_gift(user=owner, tariff=paid)
    Gift.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    with pytest.raises(BusinessRuleError, match="gift_unknown"):
        redeem_gift(user=owner, code=old.code, config=own)


def test_what_is_no_gift(owner, tariff, make_tariff, switches):
    for unfit in (
        tariff,
        make_tariff("hidden", price_kopecks=5, is_visible=False),
        make_tariff("asked", price_kopecks=5, is_self_service=False),
    ):
        with pytest.raises(BusinessRuleError, match="not_a_gift"):
            buy_gift(user=owner, tariff=unfit)
    switches(has_gifts=False)
    with pytest.raises(ConflictError, match="no_gifts"):
        redeem_gift(user=owner, code="X")


def test_who_brings_people_is_rewarded_when_they_pay(
    owner, stranger, colleague, make_config, tariff, paid, pay_in, switches
):
    with pytest.raises(ConflictError, match="no_referrals"):
        note_referral(newcomer=stranger, code="X")
    switches(has_referrals=True, referral_days=5)
    code = referral_code_of(owner).code
    assert referral_code_of(owner).code == code
    with pytest.raises(InputError):
        note_referral(newcomer=owner, code=code)
    note_referral(newcomer=stranger, code=code.lower())
    with pytest.raises(ConflictError, match="brought_already"):
        note_referral(newcomer=stranger, code=referral_code_of(colleague).code)
    with pytest.raises(BusinessRuleError, match="not_new"):
        note_referral(newcomer=owner, code=referral_code_of(stranger).code)
    create_config(user=stranger, protocol="vless", tariff=tariff)
    assert reward_due() == 0  # for nothing
    pay_in(stranger, 2000)
    bought = create_config(user=stranger, protocol="vless", tariff=paid)
    assert reward_due() == 0  # nothing to add days to
    working, ended, endless = (
        make_config(owner),
        make_config(owner, state="expired"),
        make_config(owner, valid_to=None),
    )
    assert reward_due() == 1
    assert reward_due() == 0
    before = working.valid_to
    working.refresh_from_db()
    assert ((working.valid_to - before).days, working.revision) == (5, 2)
    assert Purchase.objects.get(kind="reward").config == working
    for kept in (ended, endless):
        kept.refresh_from_db()
        assert kept.revision == 1
    renew_config(actor=stranger, config=bought)
    assert reward_due() == 0
    assert Referral.objects.get().rewarded_at is not None
    with pytest.raises(BusinessRuleError, match="not_new"):
        note_referral(newcomer=stranger, code=code)
