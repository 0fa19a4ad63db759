"""Rivals for one wallet, with the control that shows the race without the lock."""

import random
import threading

import pytest
from django.db import OperationalError, transaction

from accounts.models import Transfer, Wallet
from accounts.selectors.ledger import count_differences
from accounts.selectors.locks import lock_wallets
from accounts.services.ledger import reverse, system_wallet, transfer, wallet_of
from accounts.services.retries import ATTEMPTS, retry_lock_conflicts
from accounts.tests.races import at_once
from config.lib.errors import BusinessRuleError, ConflictError

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def wallet(owner):
    """The owner's wallet with 1000 kopecks."""
    wallet = wallet_of(owner)
    move(system_wallet("dev"), wallet, 1000, "dev:start")
    return wallet


def move(debit: Wallet, credit: Wallet, kopecks: int, key: str) -> Transfer:
    return transfer(
        kind="move",
        debit=debit,
        credit=credit,
        amount_kopecks=kopecks,
        idempotency_key=key,
        reference="",
    )


def test_ten_rivals_for_three_payments(wallet):
    revenue = system_wallet("revenue")

    results = at_once(10, lambda n: move(wallet, revenue, 300, f"take:{n}"))

    assert sum(isinstance(item, Transfer) for item in results) == 3
    refused = [item for item in results if isinstance(item, BusinessRuleError)]
    assert {item.error_code for item in refused} == {"insufficient_balance"}
    assert len(refused) == 7
    wallet.refresh_from_db()
    assert wallet.balance_kopecks == 100
    assert count_differences() == 0


def test_control_without_the_lock_money_is_lost(wallet):
    """Read, wait for the others, write: the last one wins and nine payments vanish."""
    looked = threading.Barrier(10)

    def pay(_: int) -> None:
        row = Wallet.objects.get(pk=wallet.pk)
        looked.wait(20)
        row.balance_kopecks -= 100
        row.save(update_fields=["balance_kopecks"])

    at_once(10, pay)

    wallet.refresh_from_db()
    assert wallet.balance_kopecks == 900


def test_one_key_from_everywhere_moves_once(wallet):
    revenue = system_wallet("revenue")

    results = at_once(12, lambda _: move(wallet, revenue, 300, "take:same"))

    assert len({item.pk for item in results}) == 1
    wallet.refresh_from_db()
    assert wallet.balance_kopecks == 700


def test_one_key_between_system_wallets_moves_once(db):
    """Nothing is locked here: the unique index alone decides."""
    stars, revenue = system_wallet("stars"), system_wallet("revenue")

    results = at_once(8, lambda _: move(stars, revenue, 5, "stars:same"))

    assert len({item.pk for item in results}) == 1
    assert Transfer.objects.count() == 1


def test_one_key_on_different_wallets_is_refused_to_all_but_one(wallet, stranger, colleague):
    others = [wallet, wallet_of(stranger), wallet_of(colleague)]
    dev = system_wallet("dev")

    results = at_once(3, lambda n: move(dev, others[n], 50, "dev:contested"))

    assert sum(isinstance(item, Transfer) for item in results) == 1
    conflicts = [item for item in results if isinstance(item, ConflictError)]
    assert {item.error_code for item in conflicts} == {"idempotency_key_reused"}
    assert count_differences() == 0


def test_rival_refunds_pay_once(wallet):
    paid = move(wallet, system_wallet("revenue"), 400, "take:1")

    results = at_once(6, lambda n: reverse(paid, idempotency_key=f"refund:{n}", reference=""))

    assert sum(isinstance(item, Transfer) for item in results) == 1
    assert sum(isinstance(item, ConflictError) for item in results) == 5
    wallet.refresh_from_db()
    assert wallet.balance_kopecks == 1000


def test_crosswise_transfers_never_deadlock(wallet, stranger):
    other = wallet_of(stranger)
    move(system_wallet("dev"), other, 1000, "dev:other")

    def swap(number: int) -> int:
        dice = random.Random(number)
        for step in range(15):
            debit, credit = dice.sample([wallet, other], 2)
            move(debit, credit, 1, f"swap:{number}:{step}")
        return number

    assert at_once(6, swap) == list(range(6))
    assert count_differences() == 0
    assert sum(Wallet.objects.filter(pk__in=[wallet.pk, other.pk]).values_list(
        "balance_kopecks", flat=True)) == 2000  # fmt: skip


def test_control_locking_in_the_order_of_mention_does_deadlock(wallet, stranger):
    other = wallet_of(stranger)
    holding = threading.Barrier(2)

    def lock_in_order(number: int) -> None:
        first, second = (wallet, other) if number else (other, wallet)
        with transaction.atomic():
            Wallet.objects.select_for_update(no_key=True).get(pk=first.pk)
            holding.wait(20)
            Wallet.objects.select_for_update(no_key=True).get(pk=second.pk)

    errors = [item for item in at_once(2, lock_in_order) if item is not None]
    assert len(errors) == 1
    assert isinstance(errors[0], OperationalError)


def test_lock_order_is_ascending_and_spares_system_wallets(wallet, stranger, statements):
    other = wallet_of(stranger)
    with statements() as seen, transaction.atomic():
        locked = lock_wallets([other.pk, wallet.pk, system_wallet("dev").pk])

    assert len(locked) == 3
    sql = next(item for item in seen.asked if "FOR NO KEY UPDATE" in item)
    assert "ORDER BY" in sql
    assert "'user', 'organization'" in sql


def test_payments_to_one_system_wallet_do_not_wait_for_each_other(wallet, stranger):
    """A payment that has not committed yet does not hold up another person's."""
    other, revenue = wallet_of(stranger), system_wallet("revenue")
    move(system_wallet("dev"), other, 1000, "dev:other")
    paid, released = threading.Event(), threading.Event()

    def pay(number: int) -> bool:
        if number == 0:
            with transaction.atomic():
                move(wallet, revenue, 1, "slow")
                paid.set()
                return released.wait(10)
        assert paid.wait(10)
        move(other, revenue, 1, "quick")
        released.set()
        return True

    assert at_once(2, pay) == [True, True]


def test_first_wallet_of_a_person_is_made_once(colleague):
    results = at_once(8, lambda _: wallet_of(colleague))

    assert len({item.pk for item in results}) == 1
    assert Wallet.objects.filter(user=colleague).count() == 1


def test_first_system_wallet_is_made_once(db):
    Wallet.objects.filter(kind="yookassa").delete()

    results = at_once(8, lambda _: system_wallet("yookassa"))

    assert len({item.pk for item in results}) == 1


def test_lock_timeout_is_tried_again(wallet):
    attempts = []

    @retry_lock_conflicts
    def contended() -> str:
        attempts.append(1)
        if len(attempts) < ATTEMPTS:
            _raise_lock_timeout(wallet)
        return "done"

    assert contended() == "done"
    assert len(attempts) == ATTEMPTS


def test_lock_timeout_is_not_tried_for_ever(wallet):
    attempts = []

    @retry_lock_conflicts
    def contended() -> None:
        attempts.append(1)
        _raise_lock_timeout(wallet)

    with pytest.raises(OperationalError):
        contended()
    assert len(attempts) == ATTEMPTS


def test_nothing_is_tried_again_inside_a_callers_transaction(wallet):
    attempts = []

    @retry_lock_conflicts
    def contended() -> None:
        attempts.append(1)
        raise OperationalError

    with pytest.raises(OperationalError), transaction.atomic():
        contended()
    assert len(attempts) == 1


def _raise_lock_timeout(wallet: Wallet) -> None:
    """Meet a real rival's lock without waiting for it."""
    import psycopg
    from django.db import connection

    with connection.Database.connect(**connection.get_connection_params()) as rival:
        rival.execute("SELECT 1 FROM accounts_wallet WHERE id = %s FOR UPDATE", [wallet.pk])
        assert isinstance(rival, psycopg.Connection)
        with transaction.atomic():
            Wallet.objects.select_for_update(nowait=True).get(pk=wallet.pk)
