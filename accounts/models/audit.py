from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Organization, User


class AuditEvent(models.Model):
    """Who did what to what. Written in the transaction of the deed; holds no secrets."""

    at = models.DateTimeField(_("at"), auto_now_add=True)
    actor = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("who"),
        related_name="audit_events",
    )
    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        verbose_name=_("organization"),
        related_name="audit_events",
    )
    action = models.CharField(_("action"), max_length=64)
    target = models.CharField(_("target"), max_length=128, blank=True)
    details = models.JSONField(_("details"), default=dict, blank=True)
    ip = models.GenericIPAddressField(_("address"), null=True, blank=True)
    correlation_id = models.CharField(_("correlation id"), max_length=64)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        indexes = [
            models.Index(fields=["organization", "-id"], name="audit_by_organization"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"
