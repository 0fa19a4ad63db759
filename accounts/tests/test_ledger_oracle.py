"""Any sequence of transfers against a model of a dozen lines, and the guards taken off and on."""

from importlib import import_module

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Transfer, Wallet
from accounts.selectors.ledger import count_differences, system_balance_kopecks
from accounts.services.ledger import reverse, system_wallet, transfer, wallet_of
from config.lib.errors import AppError

WALLETS = 4  # the first one is the system's
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["move", "reverse"]),
        st.integers(0, WALLETS - 1),
        st.integers(0, WALLETS - 1),
        st.integers(1, 300),
        st.integers(0, 12),
    ),
    max_size=25,
)


class Oracle:
    """What should happen, without a database."""

    def __init__(self) -> None:
        self.balances = [0] * WALLETS
        self.booked: dict[str, tuple] = {}
        self.reversed: set[str] = set()

    def move(self, key: str, content: tuple, undoes: str = "") -> str:
        debit, credit, amount = content
        if key in self.booked:
            return "ok" if self.booked[key] == (content, undoes) else "idempotency_key_reused"
        if debit and self.balances[debit] < amount:
            return "insufficient_balance"
        if undoes in self.reversed:
            return "already_reversed"
        self.balances[debit] -= amount
        self.balances[credit] += amount
        self.booked[key] = (content, undoes)
        self.reversed |= {undoes} - {""}
        return "ok"


def outcome(act) -> str:
    try:
        with transaction.atomic():
            act()
    except AppError as error:
        return error.error_code
    return "ok"


@pytest.mark.django_db
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(operations=OPERATIONS)
def test_ledger_does_what_the_model_says(owner, stranger, organization, operations):
    oracle, rows = Oracle(), {}
    with transaction.atomic():
        wallets = [
            system_wallet("dev"), wallet_of(owner), wallet_of(stranger), wallet_of(organization),
        ]  # fmt: skip
        for sort, debit, credit, amount, number in operations:
            key = f"{sort}:{number}"
            undone = f"move:{number}"
            if sort == "reverse" and undone in rows:
                debit_, credit_, amount_ = oracle.booked[undone][0]
                said = oracle.move(key, (credit_, debit_, amount_), undone)
                done = outcome(
                    lambda: reverse(rows[undone], idempotency_key=key, reference="")  # noqa: B023
                )
            elif sort == "move" and debit != credit:
                said = oracle.move(key, (debit, credit, amount))
                done = outcome(
                    lambda: transfer(
                        kind="move",
                        debit=wallets[debit],  # noqa: B023
                        credit=wallets[credit],  # noqa: B023
                        amount_kopecks=amount,  # noqa: B023
                        idempotency_key=key,  # noqa: B023
                        reference="",
                    )
                )
            else:
                continue
            assert done == said, (sort, debit, credit, amount, number)
            rows = {row.idempotency_key: row for row in Transfer.objects.all()}
        assert len(rows) == len(oracle.booked)
        for wallet, balance in list(zip(wallets, oracle.balances, strict=True))[1:]:
            assert Wallet.objects.get(pk=wallet.pk).balance_kopecks == balance
        assert system_balance_kopecks(wallets[0]) == oracle.balances[0]
        assert count_differences() == 0
        transaction.set_rollback(True)


def run_sql(statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_guards_come_off_and_on_by_migration(owner):
    row = transfer(
        kind="recharge",
        debit=system_wallet("dev"),
        credit=wallet_of(owner),
        amount_kopecks=1,
        idempotency_key="dev:1",
        reference="",
    )
    guards = import_module("accounts.migrations.0002_ledger_guards").Migration.operations
    try:
        run_sql(operation.reverse_sql for operation in reversed(guards))
        assert Transfer.objects.filter(pk=row.pk).update(reference="changed") == 1
        assert Wallet.objects.filter(kind="dev").exists()  # it has a transfer
        assert not Wallet.objects.filter(kind="stars").exists()
    finally:
        run_sql(operation.sql for operation in guards)

    with pytest.raises(IntegrityError, match="append-only"):
        Transfer.objects.filter(pk=row.pk).update(reference="again")
    assert Wallet.objects.filter(user=None, organization=None).count() == 4
