from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Notification(models.Model):
    """What somebody shall be told. Written in the transaction of its cause; the planner makes
    deliveries of it, one for each channel.
    """

    kind = models.CharField(_("kind"), max_length=64)
    recipient = models.ForeignKey(
        User, on_delete=models.CASCADE, verbose_name=_("recipient"), related_name="notifications"
    )
    context = models.JSONField(_("content"), default=dict)
    dedup_key = models.CharField(_("told once for"), max_length=200, unique=True)
    expires_at = models.DateTimeField(_("worthless after"), null=True, blank=True)
    planned_at = models.DateTimeField(_("planned"), null=True, blank=True)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    correlation_id = models.CharField(_("correlation id"), max_length=64)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notification_by_recipient"),
            models.Index(
                fields=["id"],
                condition=models.Q(planned_at__isnull=True),
                name="notification_unplanned",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient_id}"


class ChannelAddress(models.Model):
    """Where a person can be reached, and whether that still works."""

    class Channel(models.TextChoices):
        TELEGRAM = "telegram", "Telegram"
        EMAIL = "email", _("e-mail")

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        BLOCKED = "blocked", _("blocked by the person")
        NEVER_STARTED = "never_started", _("the bot was never started")
        BROKEN = "broken", _("does not exist")

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, verbose_name=_("user"), related_name="channel_addresses"
    )
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    address = models.CharField(_("address"), max_length=254)
    state = models.CharField(_("state"), max_length=13, choices=State, default=State.ACTIVE)
    strikes = models.PositiveSmallIntegerField(_("refusals in a row"), default=0)
    last_strike_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("known since"), auto_now_add=True)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        constraints = [
            models.UniqueConstraint(fields=["user", "channel"], name="address_once_per_channel")
        ]

    def __str__(self) -> str:
        return f"{self.channel} of {self.user_id}"


class Preference(models.Model):
    """What a person does not want to be told, and where. No row: everything, everywhere."""

    user = models.OneToOneField(
        User,
        on_delete=models.CASCADE,
        verbose_name=_("user"),
        related_name="notification_preference",
    )
    # What is not wanted of notices that are not mandatory: "email", or "email:" and a kind.
    muted = models.JSONField(_("silent channels"), default=list, blank=True)

    class Meta:
        verbose_name = _("wishes for notices")
        verbose_name_plural = _("wishes for notices")

    def __str__(self) -> str:
        return f"wishes of {self.user_id}"
