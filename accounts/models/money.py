"""The ledger: one row per transfer, which is balanced by construction.

The database itself refuses a negative balance of a person or an organization, and any change of
a transfer (triggers in the first migration).
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Organization, User


class Wallet(models.Model):
    """Money of a person, of an organization, or of the system.

    System wallets keep no running balance: a shared revenue row would be the one lock that every
    payment waits for. Their balance is the sum of their transfers.
    """

    class Kind(models.TextChoices):
        USER = "user", _("a person's")
        ORGANIZATION = "organization", _("an organization's")
        REVENUE = "revenue", _("revenue")
        STARS = "stars", _("Telegram Stars")
        YOOKASSA = "yookassa", _("YooKassa")
        DEV = "dev", _("development recharge")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    user = models.OneToOneField(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("user"),
        related_name="wallet",
    )
    organization = models.OneToOneField(
        Organization,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("organization"),
        related_name="wallet",
    )
    balance_kopecks = models.BigIntegerField(_("balance, kopecks"), default=0)

    class Meta:
        verbose_name = _("wallet")
        verbose_name_plural = _("wallets")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="user", user__isnull=False, organization__isnull=True)
                | Q(kind="organization", user__isnull=True, organization__isnull=False)
                | (
                    ~Q(kind__in=["user", "organization"])
                    & Q(user__isnull=True, organization__isnull=True, balance_kopecks=0)
                ),
                name="wallet_has_one_owner",
            ),
            models.CheckConstraint(
                condition=Q(balance_kopecks__gte=0), name="wallet_balance_gte_0"
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=~Q(kind__in=["user", "organization"]),
                name="wallet_system_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} wallet {self.pk}"

    @property
    def is_system(self) -> bool:
        return self.user_id is None and self.organization_id is None


class Transfer(models.Model):
    """Money moved from ``debit`` to ``credit``. Never changed, never deleted."""

    kind = models.CharField(_("kind"), max_length=32)
    debit = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="debits", verbose_name=_("from")
    )
    credit = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="credits", verbose_name=_("to")
    )
    amount_kopecks = models.BigIntegerField(_("amount, kopecks"))
    # Balances after the transfer; empty for system wallets, which keep none.
    debit_after_kopecks = models.BigIntegerField(null=True)
    credit_after_kopecks = models.BigIntegerField(null=True)
    idempotency_key = models.CharField(_("idempotency key"), max_length=128, unique=True)
    reference = models.CharField(_("what for"), max_length=128, blank=True)
    # Joins the legs of one business event that takes several transfers.
    group_id = models.UUIDField(null=True, blank=True)
    reverses = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("reverses"),
        related_name="reversed_by",
    )
    correlation_id = models.CharField(_("correlation id"), max_length=64)
    created_at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        indexes = [
            models.Index(fields=["debit", "-id"], name="transfer_by_debit"),
            models.Index(fields=["credit", "-id"], name="transfer_by_credit"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount_kopecks__gt=0), name="transfer_amount_gt_0"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="transfer_between_two"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.idempotency_key}"
