"""What lets somebody in who has no session: one-time links, invitations, tokens of programs.

Of each only the SHA-256 is kept.
"""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Membership, Organization, User


class LinkToken(models.Model):
    """A link that works once: from the platform bot, or from a mail."""

    class Purpose(models.TextChoices):
        SIGN_IN = "sign_in", _("sign in from the bot")
        LINK_TELEGRAM = "link_telegram", _("link a Telegram account")
        VERIFY_EMAIL = "verify_email", _("confirm an e-mail address")
        CHANGE_EMAIL = "change_email", _("change the e-mail address")
        RESET_PASSWORD = "reset_password", _("set a new password")

    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose)
    token_hash = models.BinaryField(_("SHA-256"), max_length=32, unique=True)
    user = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        verbose_name=_("user"),
        related_name="link_tokens",
    )
    # What the link carries: the person in Telegram, the new address.
    data = models.JSONField(_("content"), default=dict, blank=True)
    created_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("valid until"))
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)

    class Meta:
        verbose_name = _("one-time link")
        verbose_name_plural = _("one-time links")
        indexes = [
            models.Index(
                fields=["user", "purpose"], condition=Q(used_at__isnull=True), name="link_open"
            ),
            models.Index(fields=["expires_at"], name="link_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"


class Invitation(models.Model):
    """An open place in an organization, for whoever holds the link or has the address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        verbose_name=_("organization"),
        related_name="invitations",
    )
    email = models.EmailField(_("e-mail"), blank=True)
    role = models.CharField(_("role"), max_length=7, choices=Membership.Role)
    token_hash = models.BinaryField(_("SHA-256"), max_length=32, unique=True)
    invited_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("invited by"),
        related_name="+",
    )
    created_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("valid until"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("accepted by"),
        related_name="+",
    )
    revoked_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        indexes = [models.Index(fields=["organization", "-created_at"], name="invitation_by_org")]

    def __str__(self) -> str:
        return f"invitation {self.pk}"


class ApiToken(models.Model):
    """A key for a program: acts for its owner within its scopes, in one organization or in none."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, verbose_name=_("user"), related_name="api_tokens"
    )
    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        verbose_name=_("organization"),
        related_name="api_tokens",
    )
    name = models.CharField(_("name"), max_length=100)
    hint = models.CharField(_("key"), max_length=16)
    token_hash = models.BinaryField(_("SHA-256"), max_length=32, unique=True)
    # Such as "dialogs:read"; see accounts.scopes.
    scopes = models.JSONField(_("scopes"), default=list)
    created_at = models.DateTimeField(_("made at"))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        indexes = [models.Index(fields=["user", "-created_at"], name="api_token_by_user")]

    def __str__(self) -> str:
        return f"{self.name} {self.hint}"
