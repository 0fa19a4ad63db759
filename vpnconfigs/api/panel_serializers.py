"""What staff send about panels, and the description of what they get."""

from typing import Any

from rest_framework import serializers

from vpnconfigs.api.serializers import PageOut
from vpnconfigs.models import Panel


class PanelOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    url = serializers.CharField()
    country = serializers.CharField()
    public_host = serializers.CharField()
    username = serializers.CharField()
    token_hint = serializers.CharField()
    state = serializers.ChoiceField(choices=Panel.State.choices)
    generation = serializers.CharField()
    version = serializers.CharField()
    xray_version = serializers.CharField()
    is_enabled = serializers.BooleanField()
    is_open = serializers.BooleanField()
    state_since = serializers.DateTimeField(allow_null=True)
    last_seen_at = serializers.DateTimeField(allow_null=True)
    last_latency_ms = serializers.IntegerField(allow_null=True)
    last_error_code = serializers.CharField()
    last_error = serializers.CharField()
    reconciled_at = serializers.DateTimeField(allow_null=True)
    configs = serializers.IntegerField()
    unsynced = serializers.IntegerField()


class PanelIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=64)
    url = serializers.CharField(max_length=300)
    username = serializers.CharField(max_length=64, required=False, allow_blank=True)
    password = serializers.CharField(
        max_length=256, required=False, allow_blank=True, trim_whitespace=False
    )
    token = serializers.CharField(max_length=512, required=False, allow_blank=True)
    totp_key = serializers.CharField(max_length=128, required=False, allow_blank=True)
    public_host = serializers.CharField(max_length=253, required=False, allow_blank=True)
    country = serializers.CharField(max_length=2, required=False, allow_blank=True)


class PanelChangesIn(PanelIn):
    is_enabled = serializers.BooleanField(required=False)
    is_open = serializers.BooleanField(required=False)


class PanelTestOut(serializers.Serializer[Any]):
    is_good = serializers.BooleanField()
    state = serializers.CharField()
    latency_ms = serializers.IntegerField()
    generation = serializers.CharField()
    version = serializers.CharField()
    text = serializers.CharField()
    raw = serializers.CharField()


class ReconcileIn(serializers.Serializer[Any]):
    dry_run = serializers.BooleanField(default=False, help_text="Only look.")


class ReportOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    is_dry_run = serializers.BooleanField()
    findings = serializers.ListField(child=serializers.DictField())
    drift_count = serializers.IntegerField()
    repaired_count = serializers.IntegerField()
    strangers_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class ReportPageOut(PageOut):
    results = ReportOut(many=True)


class InboundOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    external_id = serializers.IntegerField()
    protocol = serializers.CharField()
    network = serializers.CharField()
    security = serializers.CharField()
    port = serializers.IntegerField()
    remark = serializers.CharField()
    title = serializers.CharField()
    is_enabled = serializers.BooleanField()
    is_gone = serializers.BooleanField()
    is_sold = serializers.BooleanField()
    capacity = serializers.IntegerField(allow_null=True)
    configs = serializers.IntegerField()
    strangers_count = serializers.IntegerField()


class InboundChangesIn(serializers.Serializer[Any]):
    is_sold = serializers.BooleanField(required=False)
    title = serializers.CharField(max_length=64, required=False, allow_blank=True)
    capacity = serializers.IntegerField(
        required=False, min_value=0, max_value=10**6, help_text="0: as many as come."
    )
