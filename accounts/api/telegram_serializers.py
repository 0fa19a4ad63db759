"""Shapes of signing in with Telegram."""

from typing import Any

from rest_framework import serializers

from accounts.api.serializers import PasswordField
from accounts.telegram.person import MAX_ID

OTP_LENGTH = 64


class OtpField(serializers.CharField):
    """The code of the second factor, for who has one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{"max_length": OTP_LENGTH, "allow_blank": True, "default": "", **options}
        )


class SignedText(serializers.CharField):
    """Text as it was signed; whatever is wrong with it, its own check refuses with 401."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, allow_blank=True, **options)
        self.validators = []


class InitDataIn(serializers.Serializer[Any]):
    """``bot`` names an organization's bot whose Mini App it is; ours by default."""

    init_data = SignedText()
    bot = serializers.CharField(max_length=64, allow_blank=True, default="")
    otp = OtpField()


class WidgetIn(serializers.Serializer[Any]):
    """The widget's fields as its callback hands them over. They are checked as signed."""

    id = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    first_name = serializers.CharField(required=False)
    last_name = serializers.CharField(required=False)
    username = serializers.CharField(required=False)
    photo_url = serializers.CharField(required=False)
    auth_date = serializers.IntegerField()
    hash = serializers.CharField()
    otp = OtpField()


class AdminLoginIn(serializers.Serializer[Any]):
    login = serializers.CharField(max_length=254)
    password = PasswordField()
    otp = OtpField()


class MasterLinkIn(serializers.Serializer[Any]):
    telegram_user_id = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    username = serializers.CharField(
        max_length=64, allow_blank=True, allow_null=True, required=False
    )
    first_name = serializers.CharField(
        max_length=128, allow_blank=True, allow_null=True, required=False
    )


class MasterLinkOut(serializers.Serializer[Any]):
    link_token = serializers.CharField()
    url = serializers.CharField()
    expires_at = serializers.DateTimeField()


class ExchangeIn(serializers.Serializer[Any]):
    """The link's token under either name; ``email`` and ``name`` of a new person."""

    token = serializers.CharField(max_length=64, required=False)
    link_token = serializers.CharField(max_length=64, required=False)
    email = serializers.CharField(max_length=254, allow_blank=True, default="")
    name = serializers.CharField(max_length=128, allow_blank=True, default="")
    otp = OtpField()

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        token = attrs.pop("token", "") or attrs.get("link_token", "")
        attrs.pop("link_token", None)
        if not token:
            text = self.fields["token"].error_messages["required"]
            raise serializers.ValidationError({"token": text}, code="required")
        return {**attrs, "token": token}


class TelegramLinkIn(serializers.Serializer[Any]):
    """What the Telegram side shows: a Mini App's initData, or the widget's fields."""

    init_data = SignedText(required=False)
    widget = serializers.DictField(required=False)
