"""Shapes of api.md. In: what a client sends; out: what it relies on."""

import uuid
from typing import Any, TypedDict

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Membership, Session, SiteSettings, User
from accounts.organization_settings import registered
from accounts.selectors.organizations import memberships_of
from accounts.selectors.principals import Principal
from accounts.services.passwords import MAX_LENGTH
from accounts.services.sessions import Tokens


class OrganizationRef(TypedDict):
    """An organization as its member sees it."""

    id: str
    name: str
    role: str


def organization_ref(membership: Membership) -> OrganizationRef:
    """Return the wire shape of a membership."""
    return {
        "id": str(membership.organization_id),
        "name": membership.organization.name,
        "role": membership.role,
    }


class OrganizationRefOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=Membership.Role.choices)


class MeOut(serializers.ModelSerializer[User]):
    organizations = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = (
            "id",
            "email",
            "username",
            "telegram_id",
            "first_name",
            "last_name",
            "role",
            "lang_code",
            "timezone",
            "theme",
            "is_verified",
            "organizations",
        )

    @extend_schema_field(OrganizationRefOut(many=True))
    def get_organizations(self, user: User) -> list[OrganizationRef]:
        return [organization_ref(membership) for membership in memberships_of(user)]


class MeIn(serializers.Serializer[Any]):
    first_name = serializers.CharField(max_length=128, allow_blank=True, required=False)
    last_name = serializers.CharField(max_length=128, allow_blank=True, required=False)
    lang_code = serializers.ChoiceField(
        choices=settings.LANGUAGES, allow_blank=True, required=False
    )
    timezone = serializers.CharField(max_length=64, required=False)
    theme = serializers.ChoiceField(choices=User.Theme.choices, required=False)


class PasswordField(serializers.CharField):
    """A password as it was typed: spaces at its ends belong to it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trim_whitespace": False, "max_length": MAX_LENGTH, **options})


class RegisterIn(serializers.Serializer[Any]):
    email = serializers.CharField(max_length=254, allow_blank=True, default="")
    username = serializers.CharField(max_length=64, allow_blank=True, default="")
    password = PasswordField()
    lang_code = serializers.ChoiceField(choices=settings.LANGUAGES, allow_blank=True, default="")


class LoginIn(serializers.Serializer[Any]):
    """``login`` is an e-mail address or a user name; either may come under its own name."""

    login = serializers.CharField(max_length=254, required=False)
    email = serializers.CharField(max_length=254, required=False)
    username = serializers.CharField(max_length=254, required=False)
    password = PasswordField()
    otp = serializers.CharField(max_length=32, allow_blank=True, default="")

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        login = attrs.get("login") or attrs.get("email") or attrs.get("username")
        if not login:
            text = self.fields["login"].error_messages["required"]
            raise serializers.ValidationError({"login": text}, code="required")
        return {"login": str(login), "password": attrs["password"], "otp": attrs["otp"]}


class RefreshIn(serializers.Serializer[Any]):
    refresh_token = serializers.CharField(max_length=256)


class LogoutIn(serializers.Serializer[Any]):
    refresh_token = serializers.CharField(max_length=256, required=False)


class TokensOut(serializers.Serializer[Tokens]):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.ChoiceField(choices=["bearer"], default="bearer")
    expires_in = serializers.IntegerField()


class SignedInOut(TokensOut):
    user = MeOut()


class SessionOut(serializers.ModelSerializer[Session]):
    """:param context: ``principal``, to mark the caller's own session."""

    current = serializers.SerializerMethodField()

    class Meta:
        model = Session
        fields = ("id", "device", "method", "ip", "created_at", "last_seen_at", "current")

    def get_current(self, session: Session) -> bool:
        principal: Principal = self.context["principal"]
        return principal.session_id == session.pk


class ClientIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=128)


class RegisteredFields(serializers.Serializer[Any]):
    """Behind its own fields come those that higher apps keep of an organization."""

    def get_fields(self) -> dict[str, Any]:
        found = super().get_fields()
        for fields in registered.values():
            found |= fields.serializer().get_fields()
        return found


class ClientChangesIn(RegisteredFields, ClientIn):
    pass


class ClientOut(RegisteredFields, OrganizationRefOut):
    pass


class SiteSettingsOut(serializers.ModelSerializer[SiteSettings]):
    name = serializers.CharField(source="site_name")
    version = serializers.SerializerMethodField()
    languages = serializers.SerializerMethodField()

    class Meta:
        model = SiteSettings
        fields = ("name", "version", "is_registration_open", "support_contact", "languages")

    def get_version(self, _: SiteSettings) -> str:
        return str(settings.VERSION)

    def get_languages(self, _: SiteSettings) -> list[str]:
        return [code for code, _name in settings.LANGUAGES]


class BotsRegisterIn(serializers.Serializer[Any]):
    email = serializers.CharField(max_length=254)
    password = PasswordField()
    firstName = serializers.CharField(max_length=128, allow_blank=True, default="")  # noqa: N815
    lastName = serializers.CharField(max_length=128, allow_blank=True, default="")  # noqa: N815


class BotsLoginIn(serializers.Serializer[Any]):
    email = serializers.CharField(max_length=254)
    password = PasswordField()
    otp = serializers.CharField(max_length=32, allow_blank=True, default="")


class BotsRefreshIn(serializers.Serializer[Any]):
    refreshToken = serializers.CharField(max_length=256)  # noqa: N815


class BotsUserOut(serializers.ModelSerializer[User]):
    """A person as the bots' clients know them: with a role in one organization.

    :param context: ``organization_id``, whose role is meant; else the first organization's.
    """

    firstName = serializers.CharField(source="first_name")  # noqa: N815
    lastName = serializers.CharField(source="last_name")  # noqa: N815
    telegramId = serializers.IntegerField(source="telegram_id", allow_null=True)  # noqa: N815
    telegramUsername = serializers.CharField(source="telegram_username")  # noqa: N815
    role = serializers.SerializerMethodField()
    isActive = serializers.BooleanField(source="is_active")  # noqa: N815
    isEmailVerified = serializers.BooleanField(source="is_verified")  # noqa: N815

    class Meta:
        model = User
        fields = (
            "id",
            "email",
            "firstName",
            "lastName",
            "telegramId",
            "telegramUsername",
            "role",
            "isActive",
            "isEmailVerified",
        )

    @extend_schema_field(serializers.ChoiceField(choices=Membership.Role.choices, allow_null=True))
    def get_role(self, user: User) -> str | None:
        wanted: uuid.UUID | None = self.context.get("organization_id")
        for membership in memberships_of(user):
            if wanted in (None, membership.organization_id):
                return membership.role
        return None


class BotsSignedInOut(serializers.Serializer[Any]):
    accessToken = serializers.CharField()  # noqa: N815
    refreshToken = serializers.CharField()  # noqa: N815
    user = BotsUserOut()
