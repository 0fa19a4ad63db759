"""Shapes of the routes around passwords, second factors and tokens."""

from typing import Any

from rest_framework import serializers

from accounts.api.serializers import PasswordField
from accounts.models import ApiToken


class OtpField(serializers.CharField):
    """A code of an authenticator app, or a recovery code."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 32, **options})


class LinkTokenIn(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=128)


class EmailIn(serializers.Serializer[Any]):
    email = serializers.CharField(max_length=254)


class EmailOut(serializers.Serializer[Any]):
    email = serializers.CharField()
    is_verified = serializers.BooleanField()


class ResetConfirmIn(LinkTokenIn):
    password = PasswordField()


class PasswordChangeIn(serializers.Serializer[Any]):
    """``current_password`` may be left out by who has none yet."""

    current_password = PasswordField(required=False, allow_blank=True, default="")
    password = PasswordField()


class AccessTokenOut(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    token_type = serializers.ChoiceField(choices=["bearer"], default="bearer")
    expires_in = serializers.IntegerField()


class ReauthenticateIn(serializers.Serializer[Any]):
    """Either of both."""

    password = PasswordField(required=False, allow_blank=True, default="")
    otp = OtpField(required=False, allow_blank=True, default="")


class OtpIn(serializers.Serializer[Any]):
    otp = OtpField()


class TotpOut(serializers.Serializer[Any]):
    is_on = serializers.BooleanField()
    recovery_codes_left = serializers.IntegerField()


class TotpSetupOut(serializers.Serializer[Any]):
    secret = serializers.CharField()
    uri = serializers.CharField()
    qr = serializers.CharField(help_text="An SVG picture as a data: address.")


class RecoveryCodesOut(serializers.Serializer[Any]):
    recovery_codes = serializers.ListField(child=serializers.CharField())


class DeleteIn(serializers.Serializer[Any]):
    confirm = serializers.CharField(
        max_length=254, help_text="The account's e-mail address, user name or id, typed out."
    )


class ScopeOut(serializers.Serializer[Any]):
    scope = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the label


class ApiTokenIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(child=serializers.CharField(max_length=64), max_length=64)
    organization_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class ApiTokenOut(serializers.ModelSerializer[ApiToken]):
    organization_id = serializers.UUIDField(allow_null=True)
    scopes = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = ApiToken
        fields = (
            "id",
            "name",
            "hint",
            "scopes",
            "organization_id",
            "created_at",
            "last_used_at",
            "expires_at",
        )


class NewApiTokenOut(ApiTokenOut):
    """With the key, this once."""

    key = serializers.CharField()

    class Meta(ApiTokenOut.Meta):
        fields = (*ApiTokenOut.Meta.fields, "key")  # type: ignore[assignment]
