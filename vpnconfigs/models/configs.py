"""What customers have: configs, the subscription that shows them, the devices that read it."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from vpnconfigs.models.panels import Inbound
from vpnconfigs.models.shop import Tariff


class SubscriptionLink(models.Model):
    """The one address at which a person's VPN app finds all of their configs: ``/sub/<token>``.

    Without a user it holds adopted configs that nobody has claimed yet. The token stands in clear:
    it opens no more than the configs' own secrets, which stand beside it.
    """

    id = models.BigAutoField(primary_key=True)
    user = models.OneToOneField(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("user"),
        related_name="vpn_subscription",
    )
    token = models.CharField(_("token"), max_length=43, unique=True)
    renewed_at = models.DateTimeField(_("token since"), auto_now_add=True)
    last_read_at = models.DateTimeField(_("last read"), null=True, blank=True)
    last_reader = models.CharField(_("last reader"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("subscription link")
        verbose_name_plural = _("subscription links")

    def __str__(self) -> str:
        return f"subscription {self.pk}"


class Config(models.Model):
    """A client on a panel as it is to be: the desired state, with an identity of its own.

    Identity and state are stored before the panel hears of them. ``revision`` grows with every
    change of what the panel shall hold; the panel holds what we want while ``synced_revision``
    equals it.
    """

    class Protocol(models.TextChoices):
        VLESS = "vless", "VLESS"
        TROJAN = "trojan", "TROJAN"

    class State(models.TextChoices):
        REQUESTED = "requested", _("asked for")
        PROVISIONING = "provisioning", _("being set up")
        ACTIVE = "active", _("works")
        EXPIRING = "expiring", _("ends soon")
        EXPIRED = "expired", _("ended")
        DEPLETED = "depleted", _("traffic used up")
        SUSPENDED = "suspended", _("suspended")
        DELETED = "deleted", _("deleted")

    # The panel lets these in, as long as their time and traffic last.
    LIVE = (State.PROVISIONING, State.ACTIVE, State.EXPIRING)
    # These have or shall have a client on the panel.
    PLACED = (*LIVE, State.EXPIRED, State.DEPLETED, State.SUSPENDED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("user"),
        related_name="vpn_configs",
    )
    subscription = models.ForeignKey(
        SubscriptionLink,
        on_delete=models.PROTECT,
        verbose_name=_("subscription link"),
        related_name="configs",
    )
    name = models.CharField(_("name"), max_length=64)
    protocol = models.CharField(_("protocol"), max_length=6, choices=Protocol)
    tariff = models.ForeignKey(
        Tariff,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("tariff"),
        related_name="configs",
    )
    # None while it is only asked for.
    inbound = models.ForeignKey(
        Inbound,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("inbound"),
        related_name="configs",
    )
    is_trial = models.BooleanField(_("trial"), default=False)
    is_adopted = models.BooleanField(_("was on the panel before us"), default=False)

    # Identity on the panel. A UUID for VLESS, a URL-safe password for TROJAN.
    email = models.CharField(_("e-mail on the panel"), max_length=128)
    secret = models.CharField(_("secret"), max_length=128)
    sub_id = models.CharField(_("subId on the panel"), max_length=64)
    flow = models.CharField(_("flow"), max_length=32, blank=True)

    # Desired state.
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.PROVISIONING)
    valid_from = models.DateTimeField(_("valid from"), null=True, blank=True)
    # None: without end.
    valid_to = models.DateTimeField(_("valid to"), null=True, blank=True)
    # How long it is valid once it is first used, while it is not: then ``valid_to`` is not known.
    # Only adopted configs have it; a panel writes it as a negative end.
    first_use_ms = models.BigIntegerField(_("valid from first use, ms"), default=0)
    # 0: without limit. So are the devices and addresses.
    traffic_limit_bytes = models.BigIntegerField(_("traffic limit, bytes"), default=0)
    device_limit = models.PositiveSmallIntegerField(_("most devices"), default=0)
    ip_limit = models.PositiveSmallIntegerField(_("most addresses at a time"), default=0)
    suspended_reason = models.CharField(_("why suspended"), max_length=200, blank=True)

    # Usage of the running period; it never shrinks but by a renewal or a reset of ours.
    used_up_bytes = models.BigIntegerField(_("sent, bytes"), default=0)
    used_down_bytes = models.BigIntegerField(_("received, bytes"), default=0)
    # Of all periods that are over.
    earlier_bytes = models.BigIntegerField(_("in earlier periods, bytes"), default=0)
    # The panel's counters as they were last read.
    panel_up_bytes = models.BigIntegerField(default=0)
    panel_down_bytes = models.BigIntegerField(default=0)
    # Each reset of the counters that we want has a number; the panel has made the second one.
    wanted_reset = models.PositiveIntegerField(default=0)
    done_reset = models.PositiveIntegerField(default=0)
    is_online = models.BooleanField(_("connected"), default=False)
    last_online_at = models.DateTimeField(_("last connected"), null=True, blank=True)
    first_online_at = models.DateTimeField(_("first connected"), null=True, blank=True)
    usage_read_at = models.DateTimeField(_("usage read"), null=True, blank=True)

    # The way to the panel.
    revision = models.PositiveIntegerField(default=1)
    synced_revision = models.PositiveIntegerField(default=0)
    synced_at = models.DateTimeField(_("on the panel since"), null=True, blank=True)
    sync_not_before = models.DateTimeField(_("next try"), null=True, blank=True)
    sync_attempts = models.PositiveIntegerField(_("failed tries"), default=0)
    sync_error_code = models.CharField(_("last error"), max_length=32, blank=True)
    sync_error = models.CharField(_("last error in words"), max_length=300, blank=True)

    correlation_id = models.CharField(_("correlation id"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)

    class Meta:
        verbose_name = _("config")
        verbose_name_plural = _("configs")
        constraints = [
            models.UniqueConstraint(
                "inbound",
                Lower("email"),
                condition=~Q(state="deleted"),
                name="config_email_once",
            ),
            models.CheckConstraint(
                condition=Q(inbound__isnull=False) | Q(state__in=["requested", "deleted"]),
                name="config_has_place",
            ),
            models.CheckConstraint(
                condition=Q(done_reset__lte=F("wanted_reset")), name="config_resets_in_order"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at", "id"], name="config_by_user"),
            models.Index(fields=["-created_at", "id"], name="config_by_age"),
            models.Index(fields=["subscription"], name="config_by_subscription"),
            models.Index(fields=["state", "-created_at", "id"], name="config_by_state"),
            models.Index(
                fields=["inbound", "id"],
                condition=~Q(revision=F("synced_revision")),
                name="config_unsynced",
            ),
            models.Index(
                fields=["valid_to", "id"],
                condition=Q(state__in=["provisioning", "active", "expiring"]),
                name="config_by_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.email})"

    @property
    def used_bytes(self) -> int:
        return self.used_up_bytes + self.used_down_bytes

    @property
    def is_synced(self) -> bool:
        return self.revision == self.synced_revision


class Removal(models.Model):
    """A client of ours that shall leave an inbound: of a deleted config, or of one that moved.

    The row outlives its cause, so a panel that is down loses no deletion; a panel of the second
    generation keeps the last client of an inbound, which is switched off first and deleted later.
    """

    inbound = models.ForeignKey(
        Inbound, on_delete=models.CASCADE, verbose_name=_("inbound"), related_name="removals"
    )
    config = models.ForeignKey(
        Config,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("config"),
        related_name="removals",
    )
    protocol = models.CharField(_("protocol"), max_length=6)
    email = models.CharField(_("e-mail on the panel"), max_length=128)
    secret = models.CharField(_("secret"), max_length=128)
    sub_id = models.CharField(_("subId on the panel"), max_length=64)
    is_disabled = models.BooleanField(_("switched off"), default=False)
    not_before = models.DateTimeField(_("next try"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("failed tries"), default=0)
    last_error_code = models.CharField(_("last error"), max_length=32, blank=True)
    created_at = models.DateTimeField(_("wanted since"), auto_now_add=True)
    done_at = models.DateTimeField(_("gone"), null=True, blank=True)

    class Meta:
        verbose_name = _("removal")
        verbose_name_plural = _("removals")
        constraints = [
            models.UniqueConstraint(
                "inbound",
                Lower("email"),
                condition=Q(done_at__isnull=True),
                name="removal_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["inbound", "id"], condition=Q(done_at__isnull=True), name="removal_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} leaves {self.inbound_id}"


class Device(models.Model):
    """A device whose app reads a subscription and says which one it is (``x-hwid``)."""

    subscription = models.ForeignKey(
        SubscriptionLink,
        on_delete=models.CASCADE,
        verbose_name=_("subscription link"),
        related_name="devices",
    )
    hwid = models.CharField(_("hardware id"), max_length=128)
    platform = models.CharField(_("system"), max_length=64, blank=True)
    os_version = models.CharField(_("version"), max_length=32, blank=True)
    model = models.CharField(_("model"), max_length=64, blank=True)
    app = models.CharField(_("app"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("first seen"), auto_now_add=True)
    last_seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        constraints = [models.UniqueConstraint(fields=["subscription", "hwid"], name="device_once")]

    def __str__(self) -> str:
        return self.model or self.hwid
