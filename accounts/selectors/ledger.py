"""What the ledger says, beside what the wallets say."""

from dataclasses import dataclass

from django.db import connection

from accounts.models import Organization, Transfer, User, Wallet

_DIFFERENCES = """
SELECT w.id, w.balance_kopecks, coalesce(m.kopecks, 0)::bigint
  FROM accounts_wallet w
  LEFT JOIN (
        SELECT wallet_id, sum(kopecks) AS kopecks
          FROM (SELECT credit_id AS wallet_id, amount_kopecks AS kopecks FROM accounts_transfer
                 UNION ALL
                SELECT debit_id, -amount_kopecks FROM accounts_transfer) moves
         GROUP BY wallet_id) m ON m.wallet_id = w.id
 WHERE w.kind IN ('user', 'organization') AND w.balance_kopecks <> coalesce(m.kopecks, 0)
 ORDER BY w.id
"""
_SYSTEM_BALANCE = """
SELECT coalesce(sum(CASE WHEN credit_id = %(id)s THEN amount_kopecks ELSE -amount_kopecks END), 0)
  FROM accounts_transfer WHERE credit_id = %(id)s OR debit_id = %(id)s
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A wallet that does not equal the sum of its transfers."""

    wallet_id: int
    balance_kopecks: int
    transfers_kopecks: int


def find_differences() -> list[Difference]:
    """Return every wallet whose balance is not the sum of its transfers; always empty, we trust."""
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCES)
        return [Difference(*row) for row in cursor.fetchall()]


def count_differences() -> int:
    """Return how many wallets do not equal their transfers: a gauge that must be 0."""
    return len(find_differences())


def system_balance_kopecks(wallet: Wallet) -> int:
    """Return what a system wallet holds: the sum of its transfers, which may be negative."""
    with connection.cursor() as cursor:
        cursor.execute(_SYSTEM_BALANCE, {"id": wallet.pk})
        return int(cursor.fetchone()[0])


def find_wallet(*, owner: User | Organization) -> Wallet | None:
    """Return the wallet of a person or an organization, if money was ever moved."""
    if isinstance(owner, User):
        return Wallet.objects.filter(user=owner).first()
    return Wallet.objects.filter(organization=owner).first()


def find_transfer(idempotency_key: str) -> Transfer | None:
    return Transfer.objects.filter(idempotency_key=idempotency_key).first()
