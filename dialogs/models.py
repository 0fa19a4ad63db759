"""The conversations wing: who talks to the business, and what was said."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, User
from integrations.models import AvitoAccount, Bot, Delivery, StoredFile
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
    tags = ArrayField(
        models.CharField(max_length=32), default=list, blank=True, verbose_name=_("tags")
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
    # Avito's types, ``text`` and ``image`` of our own side, and ``note``, which stays inside.
    kind = models.CharField(_("type"), max_length=16, default="text")
    text = models.TextField(_("text"), blank=True)
    # What the type holds besides, in Avito's words: of a location its ``lat`` and ``lon``.
    facts = models.JSONField(_("details"), default=dict, blank=True)
    reply_to = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("in answer to"),
        related_name="+",
    )
    # Grows with each edit: the parts of each version are deliveries of their own.
    revision = models.PositiveSmallIntegerField(_("version"), default=0)
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)
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
            # What came from Telegram; of what went there a burst may share one message.
            models.UniqueConstraint(
                fields=["dialog", "telegram_message_id"],
                condition=Q(direction="telegram"),
                name="message_once_from_telegram",
            ),
        ]
        indexes = [
            models.Index(fields=["dialog", "-id"], name="message_by_dialog"),
            models.Index(
                fields=["dialog", "telegram_message_id"],
                condition=Q(telegram_message_id__isnull=False),
                name="message_in_telegram",
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"


class Attachment(models.Model):
    """A picture or a voice of a message. ``file`` is empty until its content was fetched."""

    class Kind(models.TextChoices):
        PHOTO = "photo", _("picture")
        VOICE = "voice", _("voice message")

    class State(models.TextChoices):
        WAITING = "waiting", _("being fetched")
        STORED = "stored", _("stored")
        FAILED = "failed", _("lost")

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, verbose_name=_("message"), related_name="attachments"
    )
    kind = models.CharField(_("type"), max_length=5, choices=Kind)
    number = models.PositiveSmallIntegerField(_("number"), default=1)
    # Where its content comes from: ``url`` or ``voice_id`` of Avito, ``file_id`` of Telegram.
    origin = models.JSONField(_("origin"), default=dict, blank=True)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.WAITING)
    file = models.ForeignKey(
        StoredFile,
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        verbose_name=_("file"),
        related_name="+",
    )
    # Telegram's name for it, once it was sent there: a second time nothing need be uploaded.
    telegram_file_id = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="attachment_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class AutoReplySettings(models.Model):
    """When an organization answers by itself. Times of day are in ``timezone``.

    A window that ends before it begins goes on past midnight.
    """

    organization = models.OneToOneField(
        Organization,
        on_delete=models.CASCADE,
        primary_key=True,
        verbose_name=_("organization"),
        related_name="auto_reply",
    )
    enabled = models.BooleanField(_("switched on"), default=False)
    always = models.BooleanField(_("at any time"), default=True)
    start_time = models.TimeField(_("from"), null=True, blank=True)
    end_time = models.TimeField(_("until"), null=True, blank=True)
    timezone = models.CharField(_("time zone"), max_length=64, default="Europe/Moscow")
    text = models.TextField(_("text"), blank=True)
    delay_seconds = models.PositiveIntegerField(_("delay, seconds"), default=75)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("auto-reply settings")
        verbose_name_plural = _("auto-reply settings")

    def __str__(self) -> str:
        return f"auto-reply of {self.organization_id}"


class AutoReply(models.Model):
    """An answer that goes out by itself when it is due, unless a person answers before.

    ``window`` names the stretch of time in which one is enough.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        CANCELLED = "cancelled", _("cancelled")

    dialog = models.ForeignKey(
        Dialog, on_delete=models.CASCADE, verbose_name=_("dialog"), related_name="auto_replies"
    )
    window = models.CharField(_("window"), max_length=64)
    due_at = models.DateTimeField(_("due"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.WAITING)
    message = models.ForeignKey(
        Message,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("message"),
        related_name="+",
    )
    reason = models.CharField(_("reason"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("planned"), auto_now_add=True)

    class Meta:
        verbose_name = _("auto-reply")
        verbose_name_plural = _("auto-replies")
        constraints = [models.UniqueConstraint(fields=["dialog", "window"], name="auto_reply_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="auto_reply_due")
        ]

    def __str__(self) -> str:
        return f"auto-reply {self.pk}"
