import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from integrations.models.bots import Bot
from integrations.models.tenancy import OwnedQuerySet


class AvitoAccount(models.Model):
    """A shop on Avito. Client secret and access token are sealed, the webhook's secret hashed."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        INACTIVE = "inactive", _("switched off")
        BAD_CREDENTIALS = "bad_credentials", _("credentials refused")
        NO_SUBSCRIPTION = "no_subscription", _("no Avito subscription")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        verbose_name=_("organization"),
        related_name="avito_accounts",
    )
    name = models.CharField(_("name"), max_length=128)
    api_client_id = models.CharField(_("client id"), max_length=128)
    sealed_client_secret = models.TextField(_("client secret, sealed"))
    sealed_access_token = models.TextField(_("access token, sealed"), blank=True)
    token_expires_at = models.DateTimeField(_("token lives until"), null=True, blank=True)
    avito_user_id = models.BigIntegerField(_("Avito user"), unique=True)
    bot = models.ForeignKey(
        Bot,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("bot"),
        related_name="avito_accounts",
    )
    status = models.CharField(_("status"), max_length=15, choices=Status, default=Status.ACTIVE)
    webhook_path_hash = models.BinaryField(max_length=32, null=True)
    # Of an address that Avito is being told, or may have been told unheard.
    next_webhook_path_hash = models.BinaryField(max_length=32, null=True)
    webhook_set_at = models.DateTimeField(_("webhook set"), null=True, blank=True)
    polled_at = models.DateTimeField(_("polled"), null=True, blank=True)
    reconciled_at = models.DateTimeField(_("compared with Avito"), null=True, blank=True)
    # How many messages the last comparison found on Avito and not here.
    gap = models.PositiveIntegerField(_("missing"), null=True, blank=True)
    # Since when Avito has asked us to go slower, without a longer break; empty while it does not.
    limited_at = models.DateTimeField(_("slowed down since"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    last_error_at = models.DateTimeField(_("last error at"), null=True, blank=True)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("Avito account")
        verbose_name_plural = _("Avito accounts")
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="avito_by_organization")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def sender(self) -> str:
        return f"avito:{self.pk}"
