"""People, organizations, and who may do what in which."""

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the user who signs in as ``username``: an e-mail address or a user name."""
        login = (username or "").strip()
        return self.get(Q(email__iexact=login) | Q(username__iexact=login))

    def create_superuser(self, username: str, password: str, email: str | None = None) -> "User":
        """Make a person who may do everything. Called by ``manage.py createsuperuser``."""
        user = self.model(username=username, email=email, role=User.Role.SUPERUSER)
        user.set_password(password)
        user.is_superuser = True
        user.is_verified = True
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Known by e-mail address, user name or Telegram id: at least one of them."""

    class Role(models.TextChoices):
        """What a person is on the whole platform; roles in an organization are Membership's."""

        USER = "USER", _("user")
        ADMIN = "ADMIN", _("admin")
        SUPERUSER = "SUPERUSER", _("superuser")

    class Theme(models.TextChoices):
        SYSTEM = "system", _("as the system")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    email = models.EmailField(_("e-mail"), null=True, blank=True)  # noqa: DJ001  absent is not ""
    username = models.CharField(_("user name"), max_length=64, null=True, blank=True)  # noqa: DJ001
    telegram_id = models.BigIntegerField(_("Telegram id"), null=True, blank=True, unique=True)
    telegram_username = models.CharField(_("Telegram name"), max_length=64, blank=True)
    first_name = models.CharField(_("first name"), max_length=128, blank=True)
    last_name = models.CharField(_("last name"), max_length=128, blank=True)
    role = models.CharField(_("role"), max_length=9, choices=Role, default=Role.USER)
    lang_code = models.CharField(_("language"), max_length=5, blank=True)
    timezone = models.CharField(_("time zone"), max_length=64, default="Europe/Moscow")
    theme = models.CharField(_("theme"), max_length=6, choices=Theme, default=Theme.SYSTEM)
    is_verified = models.BooleanField(_("verified"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    # Rises with password, role and ban, so that access tokens made before are worth nothing.
    token_version = models.PositiveIntegerField(_("token version"), default=1)
    created_at = models.DateTimeField(_("registered"), auto_now_add=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique"),
            models.UniqueConstraint(Lower("username"), name="user_username_unique"),
            models.CheckConstraint(
                condition=Q(email__isnull=False)
                | Q(username__isnull=False)
                | Q(telegram_id__isnull=False),
                name="user_has_a_name",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """What others see: the given name, else the first thing known."""
        full = f"{self.first_name} {self.last_name}".strip()
        return full or self.username or self.email or self.telegram_username or f"#{self.pk}"

    @property
    def is_staff(self) -> bool:
        """May open the Django admin; Django asks for it by this name."""
        return self.role in (self.Role.ADMIN, self.Role.SUPERUSER)


class Organization(models.Model):
    """A business. Everything in integrations and dialogs belongs to exactly one.

    The installation itself is one too: it owns the platform bot.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=128)
    is_installation = models.BooleanField(_("the installation itself"), default=False)
    timezone = models.CharField(_("time zone"), max_length=64, default="Europe/Moscow")
    created_at = models.DateTimeField(_("opened"), auto_now_add=True)
    members = models.ManyToManyField(User, through="Membership", related_name="organizations")

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        constraints = [
            models.UniqueConstraint(
                fields=["is_installation"],
                condition=Q(is_installation=True),
                name="organization_one_installation",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's place in an organization."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        ADMIN = "admin", _("admin")
        MANAGER = "manager", _("manager")

    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        verbose_name=_("organization"),
        related_name="memberships",
    )
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, verbose_name=_("user"), related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=7, choices=Role)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["user", "organization"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.organization_id} as {self.role}"
