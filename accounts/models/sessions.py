"""Sign-ins. Facts and figures: a session idles out after 30 days and ends after 180."""

import uuid

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User


class Session(models.Model):
    """One signed-in device, by cookie or by token."""

    class Method(models.TextChoices):
        PASSWORD = "password", _("password")
        MINI_APP = "miniapp", _("Mini App")
        WIDGET = "widget", _("Login Widget")
        OIDC = "oidc", _("Log in with Telegram")
        LINK = "link", _("one-time link")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, verbose_name=_("user"), related_name="sessions"
    )
    method = models.CharField(_("signed in by"), max_length=8, choices=Method)
    # The bot whose Mini App or widget was used. Bots live a floor above, so no foreign key.
    bot_id = models.UUIDField(_("bot"), null=True, blank=True)
    ip = models.GenericIPAddressField(_("address"), null=True, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=400, blank=True)
    device = models.CharField(_("device"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("signed in at"))
    # When a credential was last shown: money, secrets and linking ask for a fresh one.
    authenticated_at = models.DateTimeField(_("last proof of identity"), null=True, blank=True)
    impersonator = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        verbose_name=_("staff acting as this person"),
        related_name="+",
    )
    last_seen_at = models.DateTimeField(_("last seen"))
    idle_expires_at = models.DateTimeField(_("ends when idle"))
    expires_at = models.DateTimeField(_("ends"))
    revoked_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    revoke_reason = models.CharField(_("ended because"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        indexes = [
            models.Index(
                fields=["user", "-last_seen_at"],
                condition=Q(revoked_at__isnull=True),
                name="session_live_by_user",
            ),
            # For those who look at the newest only; a b-tree would cost each sign-in more.
            BrinIndex(fields=["created_at"], autosummarize=True, name="session_by_age"),
        ]

    def __str__(self) -> str:
        return f"session {self.pk}"


class RefreshToken(models.Model):
    """A link in a session's chain of refresh tokens. Only its SHA-256 is kept.

    The successor of a token is derived from it with a key of ours, so a repeat within the grace
    gets the same one although none is stored.
    """

    session = models.ForeignKey(
        Session, on_delete=models.CASCADE, verbose_name=_("session"), related_name="refresh_tokens"
    )
    token_hash = models.BinaryField(_("SHA-256"), max_length=32, unique=True)
    created_at = models.DateTimeField(_("made at"))
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)

    class Meta:
        verbose_name = _("refresh token")
        verbose_name_plural = _("refresh tokens")

    def __str__(self) -> str:
        return f"refresh token {self.pk}"
