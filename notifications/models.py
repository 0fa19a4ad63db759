from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Notification(models.Model):
    """What somebody shall be told. Written in the transaction of its cause; the planner makes
    deliveries of it once it is due, one for each channel.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for its hour")
        GATHERED = "gathered", _("waiting for the digest")
        HANDED_ON = "handed_on", _("handed on")
        DIGESTED = "digested", _("told in a digest")
        ON_SITE = "on_site", _("shown on the site only")
        TOO_LATE = "too_late", _("too late to send")

    kind = models.CharField(_("kind"), max_length=64)
    recipient = models.ForeignKey(
        User, on_delete=models.CASCADE, verbose_name=_("recipient"), related_name="notifications"
    )
    context = models.JSONField(_("content"), default=dict)
    dedup_key = models.CharField(_("told once for"), max_length=200, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State, db_default=State.WAITING)
    # When the planner looks (again): put off by quiet hours and by the digest.
    due_at = models.DateTimeField(_("due"), db_default=Now())
    expires_at = models.DateTimeField(_("worthless after"), null=True, blank=True)
    planned_at = models.DateTimeField(_("planned"), null=True, blank=True)
    # The notice that told of this one and of others together.
    digest = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="items",
        db_index=False,
        verbose_name=_("digest"),
    )
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    correlation_id = models.CharField(_("correlation id"), max_length=64)
    created_at = models.DateTimeField(_("written"), db_default=Now())

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notification_by_recipient"),
            models.Index(
                fields=["recipient"],
                condition=models.Q(read_at__isnull=True),
                name="notification_unread",
            ),
            models.Index(
                fields=["due_at", "id"],
                condition=models.Q(state="waiting"),
                name="notification_due",
            ),
            models.Index(
                fields=["due_at", "recipient"],
                condition=models.Q(state="gathered"),
                name="notification_gathered",
            ),
            models.Index(
                fields=["digest"],
                condition=models.Q(digest__isnull=False),
                name="notification_by_digest",
            ),
            BrinIndex(fields=["created_at"], name="notification_by_age", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient_id}"


class ChannelAddress(models.Model):
    """Where a person can be reached, and whether that still works."""

    # The channels that are always there; what else is registered is in ``notifications.channels``.
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
    channel = models.CharField(_("channel"), max_length=16)
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
    """How and when a person wants to be told. No row: everything, everywhere, at once."""

    class Reach(models.TextChoices):
        ALL = "all", _("everywhere")
        FIRST = "first", _("the first that works")

    user = models.OneToOneField(
        User,
        on_delete=models.CASCADE,
        verbose_name=_("user"),
        related_name="notification_preference",
    )
    # What is not wanted of notices that are not mandatory: "email", or "email:" and a kind.
    muted = models.JSONField(_("silent channels"), default=list, blank=True)
    # By kind "instant", "digest" or "off", where it is another than the kind's own.
    frequencies = models.JSONField(_("how often"), default=dict, db_default={}, blank=True)
    # On the clocks of the person's time zone; from later than to is a window over midnight.
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_to = models.TimeField(_("quiet to"), null=True, blank=True)
    digest_hour = models.PositiveSmallIntegerField(_("hour of the digest"), default=9, db_default=9)
    # Names of channels; those that are not named come after, by name.
    channel_order = models.JSONField(
        _("order of channels"), default=list, db_default=[], blank=True
    )
    reach = models.CharField(
        _("where"), max_length=5, choices=Reach, default=Reach.ALL, db_default=Reach.ALL
    )

    class Meta:
        verbose_name = _("wishes for notices")
        verbose_name_plural = _("wishes for notices")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(digest_hour__lt=24), name="digest_hour_of_a_day"
            ),
            models.CheckConstraint(
                condition=models.Q(quiet_from__isnull=True, quiet_to__isnull=True)
                | models.Q(quiet_from__isnull=False, quiet_to__isnull=False),
                name="quiet_hours_have_both_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"wishes of {self.user_id}"


class NotificationTemplate(models.Model):
    """Words that staff has put in place of those that came with a kind.

    The empty channel stands for every channel that has no words of its own.
    """

    kind = models.CharField(_("kind"), max_length=64)
    language = models.CharField(_("language"), max_length=5)
    channel = models.CharField(_("channel"), max_length=16, blank=True)
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"), max_length=4000)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("text of a notification")
        verbose_name_plural = _("texts of notifications")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "language", "channel"], name="template_once_per_channel"
            )
        ]

    def __str__(self) -> str:
        return ":".join(filter(None, (self.kind, self.language, self.channel)))


class NotificationDay(models.Model):
    """What became of a day's notices, kept when the notices themselves are cleaned away.

    The empty channel counts the notices, with their states; the others count deliveries.
    """

    day = models.DateField(_("day"))
    kind = models.CharField(_("kind"), max_length=64)
    channel = models.CharField(_("channel"), max_length=16, blank=True)
    state = models.CharField(_("state"), max_length=10)
    count = models.PositiveIntegerField(_("number"))

    class Meta:
        verbose_name = _("day of notifications")
        verbose_name_plural = _("days of notifications")
        constraints = [
            models.UniqueConstraint(
                fields=["day", "kind", "channel", "state"], name="notification_day_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.channel} {self.state}"
