import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from integrations.models.tenancy import OwnedQuerySet


class Bot(models.Model):
    """A Telegram bot of an organization. The token is sealed; the webhook's secrets are hashed.

    ``sender`` is how deliveries name it.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        INACTIVE = "inactive", _("switched off")
        BAD_TOKEN = "bad_token", _("token refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, verbose_name=_("organization"), related_name="bots"
    )
    name = models.CharField(_("name"), max_length=128)
    description = models.CharField(_("description"), max_length=512, blank=True)
    telegram_id = models.BigIntegerField(_("Telegram id"), unique=True)
    username = models.CharField(_("user name"), max_length=64)
    sealed_token = models.TextField(_("token, sealed"))
    token_hint = models.CharField(_("token"), max_length=32)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.ACTIVE)
    is_platform = models.BooleanField(_("the platform's own bot"), default=False)
    group_chat_id = models.BigIntegerField(_("group"), null=True, blank=True)
    topic_mode = models.BooleanField(_("a topic for each dialog"), default=True)
    # Since when Telegram has refused what is written to the group; empty while all is well.
    group_refused_at = models.DateTimeField(_("group refused since"), null=True, blank=True)
    # What is wrong with the bot's place in its group: names of ``services.membership``.
    group_troubles = ArrayField(
        models.CharField(max_length=32), default=list, blank=True, verbose_name=_("group troubles")
    )
    # SHA-256 of the secret in the webhook's path and of the one in its header.
    webhook_path_hash = models.BinaryField(max_length=32, null=True)
    webhook_header_hash = models.BinaryField(max_length=32, null=True)
    # The same of an address that Telegram is being told, or may have been told unheard.
    next_webhook_path_hash = models.BinaryField(max_length=32, null=True)
    next_webhook_header_hash = models.BinaryField(max_length=32, null=True)
    webhook_set_at = models.DateTimeField(_("webhook set"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    last_error_at = models.DateTimeField(_("last error at"), null=True, blank=True)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("bot")
        verbose_name_plural = _("bots")
        indexes = [models.Index(fields=["organization", "-created_at"], name="bot_by_organization")]
        constraints = [
            models.UniqueConstraint(
                fields=["is_platform"],
                condition=models.Q(is_platform=True),
                name="bot_one_platform",
            )
        ]

    def __str__(self) -> str:
        return f"@{self.username}"

    @property
    def sender(self) -> str:
        return f"bot:{self.pk}"
