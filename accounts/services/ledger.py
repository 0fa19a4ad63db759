"""Money: moved, and nothing else. Integer kopecks, one row per transfer.

Lock order: the row of whatever is paid for, then wallets by ascending id, then the transfer,
which is only inserted. System wallets are never locked: they keep no balance, so payments that
share one do not wait for each other.
"""

import uuid
from dataclasses import asdict, dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, Transfer, User, Wallet
from accounts.selectors.ledger import find_transfer, find_wallet
from accounts.selectors.locks import lock_wallets
from accounts.services.retries import retry_lock_conflicts
from config.lib.correlation import get_correlation_id
from config.lib.errors import BusinessRuleError, ConflictError


@dataclass(frozen=True, slots=True)
class _Order:
    """What makes two requests with one key the same request."""

    kind: str
    debit_id: int
    credit_id: int
    amount_kopecks: int
    reference: str
    group_id: uuid.UUID | None
    reverses_id: int | None


@retry_lock_conflicts
def transfer(
    *,
    kind: str,
    debit: Wallet,
    credit: Wallet,
    amount_kopecks: int,
    idempotency_key: str,
    reference: str,
    group_id: uuid.UUID | None = None,
    reverses: Transfer | None = None,
) -> Transfer:
    """Move money from ``debit`` to ``credit`` exactly once.

    Locks both wallets by ascending id; joins the caller's transaction, if there is one.

    :param kind: what sort of payment it is, such as ``order_take``.
    :param idempotency_key: a repeat returns the first transfer and moves nothing:
        ``take:<order>:<executor>``, ``refund:<transfer>``, ``stars:<charge>``, ``yk:<payment>``.
    :param reference: what it was for, such as ``order:<id>``.
    :param group_id: joins the legs of one event.
    :param reverses: the transfer that is taken back, at most once.
    :raises BusinessRuleError: ``insufficient_balance``, with ``balance_kopecks`` and
        ``amount_kopecks``; nothing is moved.
    :raises ConflictError: ``idempotency_key_reused``: the key stands for another transfer;
        ``already_reversed``: ``reverses`` was taken back under another key. Nothing is moved.
    :raises ValueError: the amount is not positive, or both wallets are the same.
    """
    order = _Order(
        kind=kind,
        debit_id=debit.pk,
        credit_id=credit.pk,
        amount_kopecks=amount_kopecks,
        reference=reference,
        group_id=group_id,
        reverses_id=reverses.pk if reverses else None,
    )
    if amount_kopecks <= 0 or debit.pk == credit.pk:
        raise ValueError("A transfer moves a positive amount between two wallets.")
    first = find_transfer(idempotency_key)
    return _same(first, order) if first else _move(order, idempotency_key)


def reverse(original: Transfer, *, idempotency_key: str, reference: str) -> Transfer:
    """Move a transfer's money back, at most once, whatever the key.

    :raises BusinessRuleError: ``insufficient_balance``: who got the money has spent it.
    :raises ConflictError: ``already_reversed`` under another key.
    """
    return transfer(
        kind=f"{original.kind}_refund",
        debit=original.credit,
        credit=original.debit,
        amount_kopecks=original.amount_kopecks,
        idempotency_key=idempotency_key,
        reference=reference,
        group_id=original.group_id,
        reverses=original,
    )


def wallet_of(owner: User | Organization) -> Wallet:
    """Return the wallet of a person or an organization; the first call makes it."""
    wallet = find_wallet(owner=owner)
    if wallet is not None:
        return wallet
    if isinstance(owner, User):
        return Wallet.objects.get_or_create(user=owner, defaults={"kind": Wallet.Kind.USER})[0]
    return Wallet.objects.get_or_create(
        organization=owner, defaults={"kind": Wallet.Kind.ORGANIZATION}
    )[0]


def system_wallet(kind: str) -> Wallet:
    """Return the site's own wallet of a kind: revenue, Stars, YooKassa or dev.

    :raises ValueError: the kind is a person's or an organization's.
    """
    if kind in (Wallet.Kind.USER, Wallet.Kind.ORGANIZATION):
        raise ValueError(f"{kind} is no system wallet.")
    return Wallet.objects.get_or_create(kind=kind, user=None, organization=None)[0]


def _move(order: _Order, idempotency_key: str) -> Transfer:
    try:
        with transaction.atomic():
            wallets = lock_wallets((order.debit_id, order.credit_id))
            # Rivals with the same key wait for the same locks, so the second look is final.
            first = find_transfer(idempotency_key)
            return _same(first, order) if first else _book(order, wallets, idempotency_key)
    except IntegrityError as error:
        # Two system wallets, or one key on different wallets: only the unique index decides.
        return _lost_race(error, order, idempotency_key)


def _book(order: _Order, wallets: dict[int, Wallet], idempotency_key: str) -> Transfer:
    debit, credit = wallets[order.debit_id], wallets[order.credit_id]
    if not debit.is_system and debit.balance_kopecks < order.amount_kopecks:
        raise BusinessRuleError(
            _("There is not enough money in the wallet."),
            code="insufficient_balance",
            balance_kopecks=debit.balance_kopecks,
            amount_kopecks=order.amount_kopecks,
        )
    return Transfer.objects.create(
        **asdict(order),
        debit_after_kopecks=_change(debit, -order.amount_kopecks),
        credit_after_kopecks=_change(credit, order.amount_kopecks),
        idempotency_key=idempotency_key,
        correlation_id=get_correlation_id(),
    )


def _change(wallet: Wallet, kopecks: int) -> int | None:
    if wallet.is_system:
        return None
    wallet.balance_kopecks += kopecks
    wallet.save(update_fields=["balance_kopecks"])
    return wallet.balance_kopecks


def _same(first: Transfer, order: _Order) -> Transfer:
    if any(getattr(first, name) != value for name, value in asdict(order).items()):
        text = _("This idempotency key stands for another transfer.")
        raise ConflictError(text, code="idempotency_key_reused")
    return first


def _lost_race(error: IntegrityError, order: _Order, idempotency_key: str) -> Transfer:
    first = find_transfer(idempotency_key)
    if first is not None:
        return _same(first, order)
    if (
        order.reverses_id is not None
        and Transfer.objects.filter(reverses_id=order.reverses_id).exists()
    ):
        raise ConflictError(_("This was paid back already."), code="already_reversed") from None
    raise error
