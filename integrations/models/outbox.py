from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _


class Delivery(models.Model):
    """Something that shall leave the process, written in the transaction that caused it.

    ``lane`` is order: a delivery goes only when nothing before it in its lane is open. The key of
    that order is ``(position or id, rank, id)``: a delivery that must go ahead of another one
    shares its position with a lower rank. ``budget_key`` is whose allowance is spent.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        RETRY = "retry", _("to be tried again")
        AMBIGUOUS = "ambiguous", _("perhaps sent")
        DEAD = "dead", _("given up")
        CANCELLED = "cancelled", _("cancelled")
        SUPPRESSED = "suppressed", _("suppressed")

    # In these states a delivery still has something before it; the rest are ends.
    OPEN = (State.QUEUED, State.SENDING, State.RETRY, State.AMBIGUOUS)

    kind = models.CharField(_("kind"), max_length=64)
    channel = models.CharField(_("channel"), max_length=16)
    sender = models.CharField(_("sender"), max_length=64)
    lane = models.CharField(_("lane"), max_length=200)
    budget_key = models.CharField(_("allowance"), max_length=200)
    payload = models.JSONField(_("content"))
    idempotency_key = models.CharField(_("idempotency key"), max_length=200, unique=True)
    position = models.BigIntegerField(null=True, blank=True)
    rank = models.SmallIntegerField(default=0)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    # Set where an unclear outcome waits for a person; such a delivery releases its lane.
    needs_person = models.BooleanField(_("a person must decide"), default=False)
    # Set for good once a send may have happened twice.
    uncertain = models.BooleanField(_("uncertain"), default=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"))
    expires_at = models.DateTimeField(_("worthless after"), null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    leased_at = models.DateTimeField(null=True, blank=True)
    # Committed just before the call: what was leased later than this was surely not sent.
    dispatched_at = models.DateTimeField(_("dispatched"), null=True, blank=True)
    # When the outcome became unclear; a read-back looks for what was sent since.
    ambiguous_at = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(_("answer"), null=True, blank=True)
    last_error_code = models.CharField(_("last error"), max_length=64, blank=True)
    last_error = models.CharField(_("last error, in words"), max_length=500, blank=True)
    correlation_id = models.CharField(_("correlation id"), max_length=64)
    created_at = models.DateTimeField(_("written"))
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("outbox")
        indexes = [
            models.Index(
                F("channel"),
                F("lane"),
                Coalesce(F("position"), F("id")),
                F("rank"),
                F("id"),
                condition=Q(
                    state__in=("queued", "sending", "retry", "ambiguous"), needs_person=False
                ),
                name="delivery_open_by_lane",
            ),
            models.Index(
                fields=["channel", "not_before"],
                condition=Q(state__in=("queued", "retry", "ambiguous"), needs_person=False),
                name="delivery_due",
            ),
            models.Index(
                fields=["budget_key"], condition=Q(state="sending"), name="delivery_in_the_air"
            ),
            models.Index(
                fields=["lane", "-dispatched_at"],
                condition=Q(dispatched_at__isnull=False),
                name="delivery_lane_served",
            ),
            BrinIndex(fields=["created_at"], name="delivery_by_age", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class DeliveryAttempt(models.Model):
    """The journal: one row for each call that was made for a delivery."""

    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, verbose_name=_("delivery"), related_name="journal"
    )
    at = models.DateTimeField(_("at"))
    outcome = models.CharField(_("outcome"), max_length=16)
    error_code = models.CharField(_("error"), max_length=64, blank=True)
    error = models.CharField(_("error, in words"), max_length=500, blank=True)
    latency_ms = models.PositiveIntegerField(_("latency, ms"), default=0)

    class Meta:
        verbose_name = _("delivery attempt")
        verbose_name_plural = _("delivery attempts")

    def __str__(self) -> str:
        return f"{self.outcome} of {self.delivery_id}"


class Hold(models.Model):
    """Nothing goes out under ``key`` (a budget or a whole sender) before ``until``."""

    key = models.CharField(_("allowance or sender"), max_length=200, unique=True)
    until = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=64)
    created_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")

    def __str__(self) -> str:
        return f"{self.key} until {self.until:%H:%M:%S}"
