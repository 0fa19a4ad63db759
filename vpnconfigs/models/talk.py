"""What customers and staff say to each other: requests, and news."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from vpnconfigs.models.configs import Config
from vpnconfigs.models.shop import Tariff


class Request(models.Model):
    """Something that a customer asks of the staff, with the conversation about it."""

    class Kind(models.TextChoices):
        ACCESS = "access", _("a new config")
        RENEWAL = "renewal", _("a renewal")
        SUPPORT = "support", _("help")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("request", "open")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")
        CLOSED = "closed", pgettext_lazy("request", "closed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, verbose_name=_("user"), related_name="vpn_requests"
    )
    kind = models.CharField(_("kind"), max_length=7, choices=Kind)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.OPEN)
    tariff = models.ForeignKey(
        Tariff,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("tariff"),
        related_name="requests",
    )
    protocol = models.CharField(_("protocol"), max_length=6, choices=Config.Protocol, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    # What shall be renewed; once approved, what came of it.
    config = models.ForeignKey(
        Config,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("config"),
        related_name="requests",
    )
    comment = models.CharField(_("comment of the staff"), max_length=1000, blank=True)
    decided_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("decided by"),
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    last_message_at = models.DateTimeField(_("last message"))
    # Whether the last word has been read by the side it was said to.
    is_unread_by_user = models.BooleanField(default=False)
    is_unread_by_staff = models.BooleanField(default=True)
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        indexes = [
            models.Index(fields=["user", "-created_at", "id"], name="request_by_user"),
            models.Index(fields=["state", "-created_at", "id"], name="request_by_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind"],
                condition=Q(state="open", kind="access"),
                name="request_access_once",
            ),
            models.UniqueConstraint(
                fields=["config", "kind"],
                condition=Q(state="open", kind="renewal"),
                name="request_renewal_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {str(self.pk)[:8]}"


class RequestMessage(models.Model):
    """One message of the conversation about a request."""

    request = models.ForeignKey(
        Request, on_delete=models.CASCADE, verbose_name=_("request"), related_name="messages"
    )
    author = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("author"),
        related_name="+",
    )
    is_from_staff = models.BooleanField(_("from the staff"), default=False)
    text = models.TextField(_("text"), max_length=4000)
    created_at = models.DateTimeField(_("said"), auto_now_add=True)

    class Meta:
        verbose_name = _("message of a request")
        verbose_name_plural = _("messages of requests")
        indexes = [models.Index(fields=["request", "id"], name="request_message_by_request")]

    def __str__(self) -> str:
        return f"{self.request_id}:{self.pk}"


class News(models.Model):
    """What the shop tells all of its customers, in Markdown, in both languages."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SCHEDULED = "scheduled", _("scheduled")
        PUBLISHED = "published", _("published")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title_ru = models.CharField(_("title, Russian"), max_length=120)
    title_en = models.CharField(_("title, English"), max_length=120, blank=True)
    text_ru = models.TextField(_("text, Russian, Markdown"), max_length=10_000)
    text_en = models.TextField(_("text, English, Markdown"), max_length=10_000, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.DRAFT)
    is_pinned = models.BooleanField(_("pinned"), default=False)
    # Whether customers are notified when it is published.
    is_announced = models.BooleanField(_("tell customers"), default=False)
    publish_at = models.DateTimeField(_("publish at"), null=True, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    announced_at = models.DateTimeField(_("customers told"), null=True, blank=True)
    author = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("author"),
        related_name="+",
    )
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("news")
        verbose_name_plural = pgettext_lazy("several", "news")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="scheduled") | Q(publish_at__isnull=False),
                name="news_scheduled_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(published_at__isnull=False),
                name="news_published_has_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["-is_pinned", "-published_at", "id"],
                condition=Q(state="published"),
                name="news_published",
            )
        ]

    def __str__(self) -> str:
        return self.title_ru

    @property
    def title(self) -> str:
        """The title in the reader's language, in Russian where there is no other."""
        return (get_language() == "en" and self.title_en) or self.title_ru

    @property
    def text(self) -> str:
        """The Markdown in the reader's language, in Russian where there is no other."""
        return (get_language() == "en" and self.text_en) or self.text_ru


class NewsRead(models.Model):
    """That a person has read a piece of news."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, verbose_name=_("user"), related_name="news_reads"
    )
    news = models.ForeignKey(
        News, on_delete=models.CASCADE, verbose_name=_("news"), related_name="reads"
    )
    created_at = models.DateTimeField(_("read"), auto_now_add=True)

    class Meta:
        verbose_name = _("reading mark")
        verbose_name_plural = _("reading marks")
        constraints = [models.UniqueConstraint(fields=["user", "news"], name="news_read_once")]

    def __str__(self) -> str:
        return f"{self.user_id} read {self.news_id}"
