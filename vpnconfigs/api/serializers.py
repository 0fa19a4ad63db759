"""What customers send, and the description of what they get."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from vpnconfigs.models import Config, Request


class CountryField(serializers.RegexField):
    """Two letters; empty for any."""

    def __init__(self, **options: Any) -> None:
        options = {"required": False, "allow_blank": True, "default": "", **options}
        super().__init__(r"^[A-Za-z]{2}$", **options)

    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(data)).upper()


class TariffField(serializers.CharField):
    """A tariff's code or id."""

    def __init__(self, **options: Any) -> None:
        options = {"required": False, "allow_blank": True, "allow_null": True, **options}
        super().__init__(max_length=64, **options)


class ConfigIn(serializers.Serializer[Any]):
    protocol = serializers.ChoiceField(choices=Config.Protocol.choices)
    name = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    tariff = TariffField(help_text="Its code or id. Left out: the first that costs nothing.")
    country = CountryField()
    promo_code = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")


class ConfigChangesIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=64)


class RenewIn(serializers.Serializer[Any]):
    tariff = TariffField(help_text="Left out: the config's own.")
    promo_code = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")


class MoveIn(serializers.Serializer[Any]):
    country = CountryField(required=True, allow_blank=False, default=serializers.empty)


class ConfigOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    protocol = serializers.ChoiceField(choices=Config.Protocol.choices)
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=Config.State.choices)
    valid_from_dttm = serializers.DateTimeField(allow_null=True)
    valid_to_dttm = serializers.DateTimeField(allow_null=True)
    traffic_limit_bytes = serializers.IntegerField(help_text="0: without limit.")
    traffic_used_bytes = serializers.IntegerField()
    links = serializers.ListField(child=serializers.CharField())
    subscription_url = serializers.CharField()
    tariff = serializers.CharField(allow_null=True)
    country = serializers.CharField()
    is_trial = serializers.BooleanField()
    device_limit = serializers.IntegerField()
    is_synced = serializers.BooleanField(help_text="Whether the panel holds what is wanted.")
    is_online = serializers.BooleanField()
    last_online_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class PageOut(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class ConfigPageOut(PageOut):
    results = ConfigOut(many=True)


class TariffOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    days = serializers.IntegerField(help_text="0: without end.")
    traffic_limit_bytes = serializers.IntegerField(help_text="0: without limit.")
    device_limit = serializers.IntegerField()
    price_kopecks = serializers.IntegerField()
    is_self_service = serializers.BooleanField(help_text="Otherwise it is asked for.")
    is_trial = serializers.BooleanField()


class PromoCodeIn(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=64)
    tariff = TariffField(required=True, allow_blank=False, allow_null=False)


class TermsOut(serializers.Serializer[Any]):
    tariff = serializers.CharField()
    price_kopecks = serializers.IntegerField()
    discount_kopecks = serializers.IntegerField()
    days = serializers.IntegerField()


class GiftIn(serializers.Serializer[Any]):
    tariff = TariffField(required=True, allow_blank=False, allow_null=False)


class GiftOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    code = serializers.CharField()
    tariff = serializers.CharField()
    is_taken = serializers.BooleanField()
    expires_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()


class GiftPageOut(PageOut):
    results = GiftOut(many=True)


class RedeemIn(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=64)
    config = serializers.UUIDField(
        required=False, allow_null=True, help_text="To be renewed; left out: a new one."
    )
    protocol = serializers.ChoiceField(
        choices=Config.Protocol.choices, default=Config.Protocol.VLESS
    )
    name = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    country = CountryField()


class ReferralIn(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=32)


class ReferralOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    brought_count = serializers.IntegerField()
    rewarded_count = serializers.IntegerField()
    reward_days = serializers.IntegerField()


class DeviceOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    model = serializers.CharField()
    platform = serializers.CharField()
    os_version = serializers.CharField()
    app = serializers.CharField()
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()


class SubscriptionOut(serializers.Serializer[Any]):
    url = serializers.CharField()
    renewed_at = serializers.DateTimeField()
    last_read_at = serializers.DateTimeField(allow_null=True)
    last_reader = serializers.CharField()
    devices = DeviceOut(many=True)


class NewsOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    title = serializers.CharField()
    text = serializers.CharField(help_text="Markdown.")
    html = serializers.CharField(help_text="The same, clean to be shown.")
    is_pinned = serializers.BooleanField()
    is_read = serializers.BooleanField()
    published_at = serializers.DateTimeField()


class NewsPageOut(PageOut):
    results = NewsOut(many=True)


class RequestIn(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=Request.Kind.choices, default=Request.Kind.ACCESS)
    tariff = TariffField()
    protocol = serializers.ChoiceField(
        choices=Config.Protocol.choices, default=Config.Protocol.VLESS
    )
    country = CountryField()
    config = serializers.UUIDField(required=False, allow_null=True)
    name = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    text = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a renewal that names no config."""
        if attrs["kind"] == Request.Kind.RENEWAL and not attrs.get("config"):
            message = _("Say which config shall be renewed.")
            raise serializers.ValidationError({"config": message}, code="required")
        return attrs


class RequestOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Request.Kind.choices)
    state = serializers.ChoiceField(choices=Request.State.choices)
    tariff = serializers.CharField(allow_null=True)
    protocol = serializers.CharField()
    country = serializers.CharField()
    config = serializers.UUIDField(allow_null=True)
    comment = serializers.CharField()
    is_unread = serializers.BooleanField()
    decided_at = serializers.DateTimeField(allow_null=True)
    last_message_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()


class RequestPageOut(PageOut):
    results = RequestOut(many=True)


class RequestMessageIn(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=4000)


class RequestMessageOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    is_from_staff = serializers.BooleanField()
    author = serializers.CharField()
    text = serializers.CharField()
    created_at = serializers.DateTimeField()


class RequestMessagePageOut(PageOut):
    results = RequestMessageOut(many=True)
