"""The conversations wing: who talks to the business, and what was said."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, User
from integrations.models import AvitoAccount, Bot, Delivery
from integrations.models.tenancy import OwnedQuerySet


class Contact(models.Model):
    """A person outside who writes to an organization."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        verbose_name=_("organization"),
        related_name="contacts",
    )
    source = models.CharField(_("source"), max_length=16)
    external_id = models.CharField(_("outer id"), max_length=128)
    name = models.CharField(_("name"), max_length=128, blank=True)
    created_at = models.DateTimeField(_("known since"), auto_now_add=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "source", "external_id"], name="contact_once"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.external_id


class Dialog(models.Model):
    """One chat with a contact, and the topic that mirrors it in Telegram."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        HELD = "held", _("on hold")
        CLOSED = "closed", _("closed")
        BANNED = "banned", _("banned")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        verbose_name=_("organization"),
        related_name="dialogs",
    )
    source = models.CharField(_("source"), max_length=16, default="avito")
    avito_account = models.ForeignKey(
        AvitoAccount,
        on_delete=models.CASCADE,
        null=True,
        verbose_name=_("Avito account"),
        related_name="dialogs",
    )
    external_id = models.CharField(_("chat on Avito"), max_length=128)
    contact = models.ForeignKey(
        Contact,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("contact"),
        related_name="dialogs",
    )
    # What Avito says of the chat; empty until it was asked. Keys: title, price, url, image.
    item = models.JSONField(_("item"), default=dict, blank=True)
    item_fetched_at = models.DateTimeField(_("item read"), null=True, blank=True)
    title = models.CharField(_("title"), max_length=200, blank=True)
    bot = models.ForeignKey(
        Bot,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("bot"),
        related_name="dialogs",
    )
    telegram_chat_id = models.BigIntegerField(_("Telegram group"), null=True, blank=True)
    telegram_topic_id = models.BigIntegerField(_("topic"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=6, choices=Status, default=Status.OPEN)
    assignee = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("assignee"),
        related_name="assigned_dialogs",
    )
    unread_count = models.PositiveIntegerField(_("unread"), default=0)
    last_message_text = models.CharField(_("last message"), max_length=200, blank=True)
    last_message_at = models.DateTimeField(_("last message at"))
    created_at = models.DateTimeField(_("begun"), auto_now_add=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("dialog")
        verbose_name_plural = _("dialogs")
        constraints = [
            models.UniqueConstraint(fields=["avito_account", "external_id"], name="dialog_once"),
            models.UniqueConstraint(
                fields=["bot", "telegram_chat_id", "telegram_topic_id"],
                condition=Q(telegram_topic_id__isnull=False),
                name="dialog_one_per_topic",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-last_message_at", "-id"], name="dialog_inbox")
        ]

    def __str__(self) -> str:
        return self.title or self.external_id


class Message(models.Model):
    """One message of a dialog. ``direction`` is where it was written."""

    class Direction(models.TextChoices):
        AVITO = "avito", "Avito"
        TELEGRAM = "telegram", "Telegram"
        WEB = "web", _("the site")

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("delivered")
        READ = "read", _("read")
        FAILED = "failed", _("failed")
        UNCERTAIN = "uncertain", _("perhaps sent twice")

    dialog = models.ForeignKey(
        Dialog, on_delete=models.CASCADE, verbose_name=_("dialog"), related_name="messages"
    )
    direction = models.CharField(_("written in"), max_length=8, choices=Direction)
    is_incoming = models.BooleanField(_("from the contact"))
    author = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("author"),
        related_name="+",
    )
    author_name = models.CharField(_("author"), max_length=128, blank=True)
    kind = models.CharField(_("type"), max_length=16, default="text")
    text = models.TextField(_("text"), blank=True)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.QUEUED)
    is_auto_reply = models.BooleanField(_("automatic"), default=False)
    # The message's own id on Avito, and in the Telegram group.
    avito_message_id = models.CharField(max_length=128, null=True, blank=True)  # noqa: DJ001
    telegram_message_id = models.BigIntegerField(null=True, blank=True)
    delivery = models.ForeignKey(
        Delivery,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("delivery"),
        related_name="+",
    )
    correlation_id = models.CharField(_("correlation id"), max_length=64)
    written_at = models.DateTimeField(_("written"))
    created_at = models.DateTimeField(_("stored"), auto_now_add=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(
                fields=["dialog", "avito_message_id"], name="message_once_on_avito"
            ),
            models.UniqueConstraint(
                fields=["dialog", "telegram_message_id"], name="message_once_in_telegram"
            ),
        ]
        indexes = [models.Index(fields=["dialog", "-id"], name="message_by_dialog")]

    def __str__(self) -> str:
        return f"message {self.pk}"
