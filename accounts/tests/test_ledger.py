"""The ledger: moved exactly once, refused whole, never changed afterwards."""

import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import Transfer, Wallet
from accounts.selectors.ledger import (
    Difference,
    count_differences,
    find_differences,
    system_balance_kopecks,
)
from accounts.services.ledger import reverse, system_wallet, transfer, wallet_of
from config.lib.correlation import correlated
from config.lib.errors import BusinessRuleError, ConflictError

pytestmark = pytest.mark.django_db


def top_up(wallet: Wallet, kopecks: int, key: str = "dev:1") -> Transfer:
    return transfer(
        kind="recharge",
        debit=system_wallet("dev"),
        credit=wallet,
        amount_kopecks=kopecks,
        idempotency_key=key,
        reference="",
    )


def take(wallet: Wallet, kopecks: int = 200, key: str = "take:o1:7", **more) -> Transfer:
    return transfer(
        kind="order_take",
        debit=wallet,
        credit=system_wallet("revenue"),
        amount_kopecks=kopecks,
        idempotency_key=key,
        reference="order:o1",
        **more,
    )


def balance(wallet: Wallet) -> int:
    return Wallet.objects.get(pk=wallet.pk).balance_kopecks


def test_transfer_moves_and_says_so(owner):
    wallet = wallet_of(owner)
    with correlated("the-cause-of-it-all"):
        row = top_up(wallet, 1000)

    assert (row.debit_after_kopecks, row.credit_after_kopecks) == (None, 1000)
    assert row.correlation_id == "the-cause-of-it-all"
    taken = take(wallet)
    assert (taken.debit_after_kopecks, taken.credit_after_kopecks) == (800, None)
    assert balance(wallet) == 800


def test_between_two_owners(owner, organization):
    mine, ours = wallet_of(owner), wallet_of(organization)
    top_up(mine, 500)
    row = transfer(
        kind="gift", debit=mine, credit=ours, amount_kopecks=500, idempotency_key="g", reference=""
    )

    assert (row.debit_after_kopecks, row.credit_after_kopecks) == (0, 500)
    assert (balance(mine), balance(ours)) == (0, 500)


def test_system_wallets_keep_no_balance(owner):
    top_up(wallet_of(owner), 1000)
    take(wallet_of(owner))

    assert set(Wallet.objects.filter(user=None, organization=None).values_list("balance_kopecks")) \
        == {(0,)}  # fmt: skip
    assert system_balance_kopecks(system_wallet("dev")) == -1000
    assert system_balance_kopecks(system_wallet("revenue")) == 200


def test_repeat_returns_the_first_and_moves_nothing(owner):
    wallet = wallet_of(owner)
    top_up(wallet, 1000)
    first = take(wallet)

    for _ in range(3):
        assert take(wallet) == first
    assert balance(wallet) == 800
    assert Transfer.objects.count() == 2


@pytest.mark.parametrize(
    "change",
    [
        {"amount_kopecks": 201},
        {"kind": "other"},
        {"reference": "order:o2"},
        {"group_id": uuid.UUID(int=5)},
    ],
)
def test_key_for_something_else_is_a_conflict(owner, change):
    wallet = wallet_of(owner)
    top_up(wallet, 1000)
    take(wallet)
    other = {
        "kind": "order_take",
        "debit": wallet,
        "credit": system_wallet("revenue"),
        "amount_kopecks": 200,
        "reference": "order:o1",
        **change,
    }

    with pytest.raises(ConflictError) as refused:
        transfer(idempotency_key="take:o1:7", **other)

    assert refused.value.error_code == "idempotency_key_reused"
    assert balance(wallet) == 800


def test_poor_wallet_is_refused_whole(owner):
    wallet = wallet_of(owner)
    top_up(wallet, 199)

    with pytest.raises(BusinessRuleError) as refused:
        take(wallet)

    assert refused.value.error_code == "insufficient_balance"
    assert refused.value.status == 422
    assert refused.value.extra == {"balance_kopecks": 199, "amount_kopecks": 200}
    assert balance(wallet) == 199
    assert Transfer.objects.count() == 1
    top_up(wallet, 1, key="dev:2")
    assert take(wallet).debit_after_kopecks == 0


@pytest.mark.parametrize("amount", [0, -1])
def test_amount_must_be_positive(owner, amount):
    with pytest.raises(ValueError, match="positive"):
        top_up(wallet_of(owner), amount)


def test_not_to_oneself(owner):
    wallet = wallet_of(owner)
    with pytest.raises(ValueError, match="two wallets"):
        transfer(
            kind="x",
            debit=wallet,
            credit=wallet,
            amount_kopecks=1,
            idempotency_key="x",
            reference="",
        )


def test_amounts_beyond_32_bits(owner):
    assert top_up(wallet_of(owner), 10**15).credit_after_kopecks == 10**15


def test_reverse_at_most_once_under_any_key(owner):
    wallet = wallet_of(owner)
    top_up(wallet, 1000)
    taken = take(wallet)

    back = reverse(taken, idempotency_key=f"refund:{taken.pk}", reference="order:o1")
    assert back.reverses == taken
    assert back.kind == "order_take_refund"
    assert balance(wallet) == 1000
    assert reverse(taken, idempotency_key=f"refund:{taken.pk}", reference="order:o1") == back
    with pytest.raises(ConflictError) as refused:
        reverse(taken, idempotency_key="refund:other", reference="order:o1")
    assert refused.value.error_code == "already_reversed"
    assert balance(wallet) == 1000


def test_reverse_of_spent_money_is_refused(owner):
    wallet = wallet_of(owner)
    paid = top_up(wallet, 200)
    take(wallet)

    with pytest.raises(BusinessRuleError):
        reverse(paid, idempotency_key="r", reference="")
    assert balance(wallet) == 0


def test_legs_of_a_group(owner, organization):
    group = uuid.uuid4()
    wallet = wallet_of(owner)
    top_up(wallet, 1000)
    first = take(wallet, key="leg:1", group_id=group)
    second = take(wallet, key="leg:2", group_id=group)

    assert list(Transfer.objects.filter(group_id=group).order_by("pk")) == [first, second]


def test_refusal_inside_the_callers_transaction_leaves_it_usable(owner):
    wallet = wallet_of(owner)
    with transaction.atomic():
        with pytest.raises(BusinessRuleError):
            take(wallet)
        top_up(wallet, 300)

    assert balance(wallet) == 300


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_transfer SET amount_kopecks = 1",
        "UPDATE accounts_transfer SET reference = reference",
        "DELETE FROM accounts_transfer",
    ],
)
def test_database_refuses_to_change_a_transfer(owner, statement):
    top_up(wallet_of(owner), 1000)

    refused = pytest.raises(IntegrityError, match="append-only")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert Transfer.objects.get().amount_kopecks == 1000


def test_models_cannot_change_a_transfer_either(owner):
    row = top_up(wallet_of(owner), 1000)

    with pytest.raises(DatabaseError), transaction.atomic():
        row.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        row.delete()


def test_database_refuses_a_negative_balance(owner):
    wallet = wallet_of(owner)

    with pytest.raises(IntegrityError, match="wallet_balance_gte_0"), transaction.atomic():
        Wallet.objects.filter(pk=wallet.pk).update(balance_kopecks=-1)


def test_database_refuses_a_balance_of_a_system_wallet():
    wallet = system_wallet("revenue")

    with pytest.raises(IntegrityError, match="wallet_has_one_owner"), transaction.atomic():
        Wallet.objects.filter(pk=wallet.pk).update(balance_kopecks=1)


def test_wallets_are_made_once(owner, organization):
    assert wallet_of(owner) == wallet_of(owner)
    assert wallet_of(organization) == wallet_of(organization)
    assert system_wallet("stars") == system_wallet("stars")
    with pytest.raises(ValueError, match="no system wallet"):
        system_wallet("user")


def test_migration_has_made_the_system_wallets():
    kinds = Wallet.objects.filter(user=None, organization=None).values_list("kind", flat=True)
    # A test that truncates tables may have run before; then they are made on first use.
    assert set(kinds) <= {"revenue", "stars", "yookassa", "dev"}
    for kind in ("revenue", "stars", "yookassa", "dev"):
        assert system_wallet(kind).is_system


def test_check_is_content_with_a_true_ledger(owner):
    wallet = wallet_of(owner)
    top_up(wallet, 1000)
    take(wallet)
    out = StringIO()

    call_command("ledger_check", stdout=out)

    assert "equal their transfers" in out.getvalue()
    assert count_differences() == 0


def test_check_finds_what_was_changed_behind_its_back(owner, organization):
    mine, ours = wallet_of(owner), wallet_of(organization)
    top_up(mine, 1000)
    Wallet.objects.filter(pk=mine.pk).update(balance_kopecks=999)
    Wallet.objects.filter(pk=ours.pk).update(balance_kopecks=5)
    out = StringIO()

    with pytest.raises(CommandError, match="2 wallets differ"):
        call_command("ledger_check", stdout=out)

    assert f"wallet {mine.pk}: balance 999 kopecks, transfers 1000 kopecks" in out.getvalue()
    assert find_differences() == sorted(
        [Difference(mine.pk, 999, 1000), Difference(ours.pk, 5, 0)], key=lambda d: d.wallet_id
    )
