"""What staff send, and the description of what they get."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import Job
from config.lib.drf import QuerySerializer
from vpnconfigs.api.serializers import PageOut, RequestOut, TariffField, TariffOut
from vpnconfigs.models import (
    Config,
    Inbound,
    MassAction,
    MassActionRow,
    News,
    PromoCode,
    Request,
    ShopSettings,
    Tariff,
)
from vpnconfigs.selectors import requests as request_selectors
from vpnconfigs.selectors.staff_configs import DEFAULT_SORT, SORTS
from vpnconfigs.selectors.states import MOST_DAYS

MOST_IDS = 1_000
_MOST_BYTES = 2**62


class ConfigFilter(QuerySerializer):
    """Which configs are meant; deleted ones only where they are asked for."""

    state = serializers.ChoiceField(choices=Config.State.choices, required=False)
    user = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    panel = serializers.UUIDField(required=False)
    protocol = serializers.ChoiceField(choices=Config.Protocol.choices, required=False)
    tariff = serializers.CharField(max_length=32, required=False)
    is_synced = serializers.BooleanField(required=False)
    q = serializers.CharField(max_length=100, required=False, allow_blank=True)


class ConfigQuery(ConfigFilter):
    """Filters and order of the list."""

    sort = serializers.ChoiceField(choices=sorted(SORTS), default=DEFAULT_SORT)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=100)
    cursor = serializers.CharField(required=False)


class CustomerOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.CharField(allow_null=True)


class PlaceOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    country = serializers.CharField()


class StaffConfigOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    protocol = serializers.ChoiceField(choices=Config.Protocol.choices)
    status = serializers.ChoiceField(choices=Config.State.choices)
    email = serializers.CharField(help_text="The client's name on the panel.")
    tariff = serializers.CharField(allow_null=True)
    user = CustomerOut(allow_null=True)
    panel = PlaceOut(allow_null=True)
    inbound = serializers.IntegerField(allow_null=True)
    is_trial = serializers.BooleanField()
    is_adopted = serializers.BooleanField()
    valid_from_dttm = serializers.DateTimeField(allow_null=True)
    valid_to_dttm = serializers.DateTimeField(allow_null=True)
    traffic_limit_bytes = serializers.IntegerField()
    traffic_used_bytes = serializers.IntegerField()
    is_online = serializers.BooleanField()
    last_online_at = serializers.DateTimeField(allow_null=True)
    suspended_reason = serializers.CharField()
    is_synced = serializers.BooleanField()
    sync_error = serializers.CharField()
    created_at = serializers.DateTimeField()


class StaffConfigPageOut(PageOut):
    results = StaffConfigOut(many=True)


class MassActionIn(serializers.Serializer[Any]):
    action = serializers.ChoiceField(choices=MassAction.Action.choices)
    ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, min_length=1, max_length=MOST_IDS
    )
    filter = ConfigFilter(required=False, help_text="Instead of ids: all that it finds.")
    days = serializers.IntegerField(required=False, min_value=1, max_value=MOST_DAYS, default=0)
    inbound = serializers.PrimaryKeyRelatedField(
        queryset=Inbound.objects.all(), required=False, allow_null=True
    )
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what names no configs, or names them twice over."""
        if ("ids" in attrs) == ("filter" in attrs):
            message = _("Name either ids or a filter.")
            raise serializers.ValidationError({"ids": message}, code="invalid")
        return attrs


class MassRowOut(serializers.Serializer[Any]):
    config = serializers.UUIDField()
    state = serializers.ChoiceField(choices=MassActionRow.State.choices)
    error_code = serializers.CharField()


class MassActionOut(serializers.Serializer[Any]):
    job_id = serializers.UUIDField()
    action = serializers.ChoiceField(choices=MassAction.Action.choices)
    state = serializers.ChoiceField(choices=Job.State.choices)
    total = serializers.IntegerField()
    ok_count = serializers.IntegerField()
    failed_count = serializers.IntegerField()
    percent = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class MassActionPageOut(PageOut, MassActionOut):
    results = MassRowOut(many=True)


class RequestQuery(QuerySerializer):
    state = serializers.ChoiceField(choices=Request.State.choices, required=False)
    kind = serializers.ChoiceField(choices=Request.Kind.choices, required=False)
    user = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    unread = serializers.BooleanField(required=False)
    sort = serializers.ChoiceField(choices=sorted(request_selectors.SORTS), default="-created_at")
    limit = serializers.IntegerField(required=False, min_value=1, max_value=100)
    cursor = serializers.CharField(required=False)


class StaffRequestOut(RequestOut):
    user = CustomerOut()
    decided_by = CustomerOut(allow_null=True)


class StaffRequestPageOut(PageOut):
    results = StaffRequestOut(many=True)


class DecisionIn(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(choices=["approve", "refuse", "close"])
    comment = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")
    tariff = TariffField(help_text="Instead of the one that was asked for.")
    is_free = serializers.BooleanField(default=False, help_text="Take no money.")


class NewsIn(serializers.Serializer[Any]):
    title_ru = serializers.CharField(max_length=120)
    title_en = serializers.CharField(max_length=120, required=False, allow_blank=True)
    text_ru = serializers.CharField(max_length=10_000)
    text_en = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    is_pinned = serializers.BooleanField(required=False)
    is_announced = serializers.BooleanField(required=False)


class PublishIn(serializers.Serializer[Any]):
    publish_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Left out: now."
    )


class StaffNewsOut(NewsIn):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=News.State.choices)
    publish_at = serializers.DateTimeField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)
    announced_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class StaffNewsPageOut(PageOut):
    results = StaffNewsOut(many=True)


class TariffIn(serializers.Serializer[Any]):
    code = serializers.SlugField(max_length=32)
    name_ru = serializers.CharField(max_length=64)
    name_en = serializers.CharField(max_length=64)
    description_ru = serializers.CharField(max_length=300, required=False, allow_blank=True)
    description_en = serializers.CharField(max_length=300, required=False, allow_blank=True)
    days = serializers.IntegerField(required=False, min_value=0, max_value=MOST_DAYS)
    traffic_limit_bytes = serializers.IntegerField(
        required=False, min_value=0, max_value=_MOST_BYTES
    )
    device_limit = serializers.IntegerField(required=False, min_value=0, max_value=1000)
    ip_limit = serializers.IntegerField(required=False, min_value=0, max_value=1000)
    price_kopecks = serializers.IntegerField(required=False, min_value=0, max_value=10**9)
    is_visible = serializers.BooleanField(required=False)
    is_self_service = serializers.BooleanField(required=False)
    is_trial = serializers.BooleanField(required=False)
    position = serializers.IntegerField(required=False, min_value=0, max_value=32_767)
    inbounds = serializers.PrimaryKeyRelatedField(
        queryset=Inbound.objects.all(), many=True, required=False
    )


class StaffTariffOut(TariffOut):
    name_ru = serializers.CharField()
    name_en = serializers.CharField()
    description_ru = serializers.CharField()
    description_en = serializers.CharField()
    ip_limit = serializers.IntegerField()
    is_visible = serializers.BooleanField()
    position = serializers.IntegerField()
    inbounds = serializers.ListField(child=serializers.IntegerField())


class StaffPromoCodeIn(serializers.Serializer[Any]):
    code = serializers.RegexField(r"^[A-Za-z0-9-]+$", max_length=32)
    effect = serializers.ChoiceField(choices=PromoCode.Effect.choices)
    value = serializers.IntegerField(min_value=1, max_value=10**9)
    starts_at = serializers.DateTimeField(required=False, allow_null=True)
    ends_at = serializers.DateTimeField(required=False, allow_null=True)
    most_uses = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=10**9
    )
    uses_per_person = serializers.IntegerField(required=False, min_value=1, max_value=32_767)
    is_active = serializers.BooleanField(required=False)
    tariffs = serializers.SlugRelatedField(
        slug_field="code", queryset=Tariff.objects.all(), many=True, required=False
    )


class PromoCodeOut(StaffPromoCodeIn):
    id = serializers.UUIDField()
    used_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class PromoCodePageOut(PageOut):
    results = PromoCodeOut(many=True)


class ShopSettingsIn(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=64, required=False)
    update_hours = serializers.IntegerField(required=False, min_value=1, max_value=720)
    configs_per_person = serializers.IntegerField(required=False, min_value=0, max_value=1000)
    inbound_rule = serializers.ChoiceField(choices=ShopSettings.InboundRule.choices, required=False)
    has_country_choice = serializers.BooleanField(required=False)
    has_device_limits = serializers.BooleanField(required=False)
    has_promo_codes = serializers.BooleanField(required=False)
    has_gifts = serializers.BooleanField(required=False)
    has_referrals = serializers.BooleanField(required=False)
    referral_days = serializers.IntegerField(required=False, min_value=1, max_value=365)
    support_contact = serializers.CharField(max_length=128, required=False, allow_blank=True)


class SettingsIn(serializers.Serializer[Any]):
    site_name = serializers.CharField(max_length=64, required=False)
    is_registration_open = serializers.BooleanField(required=False)
    support_contact = serializers.CharField(max_length=128, required=False, allow_blank=True)
    vpn = ShopSettingsIn(required=False)


class SettingsOut(SettingsIn):
    pass
