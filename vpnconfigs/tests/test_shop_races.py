"""What two people, or one person twice, want at the same moment."""

import contextlib

import pytest

from accounts.models import Transfer
from accounts.tests.races import at_once
from config.lib.errors import AppError
from vpnconfigs.models import Config, Gift, PromoCode, Purchase, TrialUse
from vpnconfigs.selectors import locks
from vpnconfigs.services import gifts, promo_codes, purchases
from vpnconfigs.services.configs import create_config
from vpnconfigs.services.gifts import buy_gift, redeem_gift
from vpnconfigs.services.purchases import renew_config

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 5


def codes(results) -> list[str]:
    return sorted(
        result.error_code if isinstance(result, AppError) else type(result).__name__
        for result in results
    )


@pytest.fixture
def no_locks(monkeypatch):
    """Take the locks of the shop away, so that a race can be seen to happen without them."""
    monkeypatch.setattr(purchases, "lock_subscription", lambda pk: None)
    monkeypatch.setattr(gifts, "lock_subscription", lambda pk: None)
    monkeypatch.setattr(
        gifts, "lock_gift", lambda code: Gift.objects.select_related("tariff").get(code=code)
    )
    monkeypatch.setattr(
        promo_codes, "lock_promo_code", lambda code: PromoCode.objects.get(code=code)
    )


@pytest.fixture(params=["locked", "control"])
def is_locked(request):
    """Run a test with the locks, and once without: the control must show the race."""
    if request.param == "control":
        request.getfixturevalue("no_locks")
    return request.param == "locked"


def pressed(work, is_good, *, is_locked, reset):
    """Run ``work`` by many at once until it goes wrong; with the locks it never does."""
    for _round in range(2 if is_locked else 25):
        results = at_once(MANY, work)
        if not is_good():
            assert not is_locked, results
            return
        reset()
    assert is_locked, "the control never lost the race"


def test_nobody_gets_more_configs_than_allowed(owner, inbound, tariff, switches, is_locked):
    switches(configs_per_person=2)
    purchases.subscription_of(owner)

    def work(_number):
        return create_config(user=owner, protocol="vless", tariff=tariff)

    pressed(
        work,
        lambda: Config.objects.count() <= 2,
        is_locked=is_locked,
        reset=lambda: (Purchase.objects.all().delete(), Config.objects.all().delete()),
    )


def test_a_promo_code_is_used_no_more_often_than_allowed(inbound, make_tariff, pay_in, is_locked):
    from conftest import make_user

    paid = make_tariff("paid", price_kopecks=100)
    promo = PromoCode.objects.create(code="HALF", effect="percent", value=50, most_uses=2)
    people = [make_user(f"person{number}") for number in range(MANY)]
    for person in people:
        pay_in(person, 10_000)
        purchases.subscription_of(person)

    def work(number):
        return create_config(user=people[number], protocol="vless", tariff=paid, promo_code="half")

    def reset():
        Purchase.objects.all().delete()
        Config.objects.all().delete()
        PromoCode.objects.filter(pk=promo.pk).update(used_count=0)

    def is_good():
        promo.refresh_from_db()
        used = Purchase.objects.filter(promo_code=promo).count()
        assert promo.used_count == used <= 2
        return True

    if is_locked:
        pressed(work, is_good, is_locked=True, reset=reset)
        return
    # Without the lock the database itself refuses, in a way that is no answer to anybody.
    for _round in range(25):
        results = at_once(MANY, work)
        if any(type(result).__name__ == "IntegrityError" for result in results):
            return
        reset()
    raise AssertionError("the control never lost the race")


def test_a_gift_is_taken_once(owner, inbound, make_tariff, pay_in, is_locked):
    from conftest import make_user

    paid = make_tariff("paid", price_kopecks=100)
    pay_in(owner, 10_000)
    people = [make_user(f"taker{number}") for number in range(MANY)]
    for person in people:
        purchases.subscription_of(person)
    given = [buy_gift(user=owner, tariff=paid)]

    def work(number):
        return redeem_gift(user=people[number], code=given[0].code)

    def reset():
        Purchase.objects.filter(config__isnull=False).update(config=None)
        Config.objects.all().delete()
        given[0] = buy_gift(user=owner, tariff=paid)

    pressed(work, lambda: Config.objects.count() == 1, is_locked=is_locked, reset=reset)


def test_a_trial_is_had_once(owner, inbound, make_tariff, no_locks):
    """It needs no lock: its row is unique."""
    trial = make_tariff("trial", is_trial=True)
    purchases.subscription_of(owner)
    results = at_once(MANY, lambda _n: create_config(user=owner, protocol="vless", tariff=trial))
    assert codes(results) == ["Config", *["trial_used"] * (MANY - 1)]
    assert TrialUse.objects.count() == Config.objects.count() == 1


@pytest.mark.parametrize("has_key", [True, False])
def test_one_renewal_for_one_key(owner, make_config, make_tariff, pay_in, has_key):
    """The control has no key: each press is a renewal of its own."""
    paid = make_tariff("paid", price_kopecks=100)
    config = make_config(owner)
    pay_in(owner, 100 * MANY)
    key = "once" if has_key else ""
    results = at_once(
        MANY,
        lambda _n: renew_config(actor=owner, config=config, tariff=paid, idempotency_key=key),
    )
    wanted = 1 if has_key else MANY
    assert codes(results) == ["Config"] * MANY
    assert Purchase.objects.count() == wanted
    assert Transfer.objects.filter(kind="vpn_purchase").count() == wanted
    days = (Config.objects.get().valid_to - config.valid_to).days
    assert days == 30 * wanted


def test_one_config_for_one_key(owner, inbound, make_tariff, pay_in, balance):
    paid = make_tariff("paid", price_kopecks=100)
    pay_in(owner, 1000)
    results = at_once(
        MANY,
        lambda _n: create_config(user=owner, protocol="vless", tariff=paid, idempotency_key="once"),
    )
    assert {result.pk for result in results} == {Config.objects.get().pk}
    assert balance(owner) == 900


def test_a_wallet_pays_for_what_it_holds(owner, inbound, make_tariff, pay_in, balance):
    paid = make_tariff("paid", price_kopecks=100)
    pay_in(owner, 250)
    results = at_once(MANY, lambda _n: create_config(user=owner, protocol="vless", tariff=paid))
    assert codes(results) == sorted(["Config"] * 2 + ["insufficient_balance"] * (MANY - 2))
    assert (balance(owner), Config.objects.count()) == (50, 2)


def test_the_locks_are_there(owner, make_config):
    """Outside of a transaction there is no lock, and Django says so."""
    config = make_config(owner)
    with contextlib.suppress(AppError), pytest.raises(Exception, match="transaction"):
        locks.lock_existing_config(config.pk)
