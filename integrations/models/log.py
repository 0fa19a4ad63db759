from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from integrations.models.tenancy import OwnedQuerySet


class IntegrationLog(models.Model):
    """What an owner should see of an integration's life. Holds no secrets."""

    class Level(models.TextChoices):
        INFO = "info", _("information")
        WARNING = "warning", _("warning")
        ERROR = "error", _("error")

    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        verbose_name=_("organization"),
        related_name="integration_log",
    )
    level = models.CharField(_("level"), max_length=7, choices=Level, default=Level.INFO)
    source = models.CharField(_("source"), max_length=16)
    account_id = models.UUIDField(_("account"), null=True, blank=True)
    event = models.CharField(_("event"), max_length=64)
    text = models.CharField(_("text"), max_length=500, blank=True)
    correlation_id = models.CharField(_("correlation id"), max_length=64)
    created_at = models.DateTimeField(_("at"), auto_now_add=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("integration log entry")
        verbose_name_plural = _("integration log")
        indexes = [models.Index(fields=["organization", "-id"], name="intlog_by_organization")]

    def __str__(self) -> str:
        return f"{self.source} {self.event}"


class BeatTick(models.Model):
    """When a periodic process was last alive: one row for each name."""

    name = models.CharField(_("process"), max_length=64, primary_key=True)
    at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name
