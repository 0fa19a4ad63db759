"""What we know of the 3X-UI panels: where they stand, how they are, which entrances they have."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class Panel(models.Model):
    """A 3X-UI panel. How we sign in there is sealed; ``username`` and ``token_hint`` name it."""

    class Generation(models.TextChoices):
        UNKNOWN = "", _("not asked yet")
        G2 = "g2", "2.x"
        G3A = "g3a", "3.0"
        G3B = "g3b", "3.1+"

    class State(models.TextChoices):
        NEW = "new", _("not asked yet")
        UP = "up", _("works")
        XRAY_DOWN = "xray_down", _("Xray does not run")
        DOWN = "down", _("does not answer")
        REFUSED = "refused", _("does not let us in")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=64, unique=True)
    url = models.CharField(_("address with base path"), max_length=300, unique=True)
    # What share links name as the host; empty: the address's own.
    public_host = models.CharField(_("host in links"), max_length=253, blank=True)
    # ISO 3166-1 alpha-2.
    country = models.CharField(_("country"), max_length=2, blank=True)
    sealed_credentials = models.TextField(_("credentials, sealed"))
    username = models.CharField(_("user name"), max_length=64, blank=True)
    token_hint = models.CharField(_("token"), max_length=32, blank=True)
    is_enabled = models.BooleanField(_("looked after"), default=True)
    is_open = models.BooleanField(_("takes new configs"), default=True)
    generation = models.CharField(
        _("generation"), max_length=3, choices=Generation, default=Generation.UNKNOWN, blank=True
    )
    version = models.CharField(_("version"), max_length=32, blank=True)
    xray_version = models.CharField(_("Xray version"), max_length=32, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.NEW)
    state_since = models.DateTimeField(_("so since"), null=True, blank=True)
    last_seen_at = models.DateTimeField(_("last answer"), null=True, blank=True)
    last_latency_ms = models.PositiveIntegerField(_("latency, ms"), null=True, blank=True)
    last_error_code = models.CharField(_("last error"), max_length=32, blank=True)
    last_error = models.CharField(_("last error in words"), max_length=300, blank=True)
    last_error_at = models.DateTimeField(_("last error at"), null=True, blank=True)
    reconciled_at = models.DateTimeField(_("last reconciled"), null=True, blank=True)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("panel")
        verbose_name_plural = _("panels")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Inbound(models.Model):
    """An entrance of a panel, mirrored; kept once it is gone there, for what was sold from it.

    ``settings`` and ``stream`` are the panel's own, without clients, private keys and certificates:
    what links are made of, and no more.
    """

    panel = models.ForeignKey(
        Panel, on_delete=models.CASCADE, verbose_name=_("panel"), related_name="inbounds"
    )
    external_id = models.PositiveIntegerField(_("number on the panel"))
    protocol = models.CharField(_("protocol"), max_length=16)
    network = models.CharField(_("network"), max_length=16)
    security = models.CharField(_("security"), max_length=16)
    listen = models.CharField(_("listens on"), max_length=255, blank=True)
    port = models.PositiveIntegerField(_("port"))
    remark = models.CharField(_("remark"), max_length=200, blank=True)
    tag = models.CharField(_("tag"), max_length=200, blank=True)
    settings = models.JSONField(_("settings"), default=dict)
    stream = models.JSONField(_("stream settings"), default=dict)
    # ``shareAddr`` of the panel where its strategy is ``custom``.
    share_address = models.CharField(_("address in links"), max_length=253, blank=True)
    is_enabled = models.BooleanField(_("on"), default=True)
    is_gone = models.BooleanField(_("gone from the panel"), default=False)
    is_sold = models.BooleanField(_("may be sold from"), default=False)
    # What customers read in links and on pages; empty: the remark.
    title = models.CharField(_("name for customers"), max_length=64, blank=True)
    capacity = models.PositiveIntegerField(_("most configs"), null=True, blank=True)
    # Clients that are not ours; never touched.
    strangers_count = models.PositiveIntegerField(_("other clients"), default=0)
    mirrored_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("inbound")
        verbose_name_plural = _("inbounds")
        ordering = ["panel_id", "external_id"]
        constraints = [
            models.UniqueConstraint(fields=["panel", "external_id"], name="inbound_once_per_panel")
        ]

    def __str__(self) -> str:
        return f"{self.panel_id}:{self.external_id} {self.shown_title}"

    @property
    def shown_title(self) -> str:
        return self.title or self.remark or f"{self.protocol} {self.port}"


class PanelReport(models.Model):
    """What one comparison of a panel with our configs has found, and what was done about it.

    ``findings`` is a list of ``{"kind", "inbound", "email", "config", "fields", "done"}``; ``kind``
    is ``missing``, ``differs``, ``left_over``, ``misplaced`` or ``stranger``, ``fields`` maps a
    field to ``[wanted, found]``. Secrets stand there as a hint only.
    """

    panel = models.ForeignKey(
        Panel, on_delete=models.CASCADE, verbose_name=_("panel"), related_name="reports"
    )
    is_dry_run = models.BooleanField(_("only looked"), default=False)
    findings = models.JSONField(_("findings"), default=list)
    drift_count = models.PositiveIntegerField(_("of ours that differed"), default=0)
    repaired_count = models.PositiveIntegerField(_("repaired"), default=0)
    strangers_count = models.PositiveIntegerField(_("other clients"), default=0)
    correlation_id = models.CharField(_("correlation id"), max_length=64)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)

    class Meta:
        verbose_name = _("panel report")
        verbose_name_plural = _("panel reports")
        indexes = [models.Index(fields=["panel", "-id"], name="panel_report_by_panel")]

    def __str__(self) -> str:
        return f"{self.panel_id} {self.created_at:%Y-%m-%d %H:%M}"
