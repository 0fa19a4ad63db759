"""What is sold: tariffs, promo codes, and the shop's own switches."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import ManyToManyField
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from vpnconfigs.admin.base import ServedAdmin, actor
from vpnconfigs.models import Config, Inbound, PromoCode, ShopSettings, Tariff
from vpnconfigs.services import catalogue
from vpnconfigs.services.shop_settings import update_shop_settings


class InboundsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.panel.name}: {obj.shown_title} ({obj.protocol})"


class _KeptAdmin(ServedAdmin):
    """Rows that purchases name, so that they are switched off and not deleted."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Tariff)
class TariffAdmin(_KeptAdmin):
    list_display = (
        "code",
        "name_ru",
        "days",
        "traffic",
        "device_limit",
        "price",
        "is_visible",
        "is_self_service",
        "is_trial",
        "position",
    )
    list_filter = ("is_visible", "is_self_service", "is_trial")
    search_fields = ("code", "name_ru", "name_en")
    ordering = ("position", "code")
    fields = (
        "code",
        "name_ru",
        "name_en",
        "description_ru",
        "description_en",
        "days",
        "traffic_limit_bytes",
        "device_limit",
        "ip_limit",
        "price_kopecks",
        "is_visible",
        "is_self_service",
        "is_trial",
        "inbounds",
        "position",
    )

    def formfield_for_manytomany(
        self, db_field: "ManyToManyField[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        rows = Inbound.objects.filter(is_gone=False, protocol__in=Config.Protocol.values)
        kwargs["queryset"] = rows.select_related("panel").order_by("panel__name", "external_id")
        kwargs["form_class"] = InboundsField
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def serve(self, request: HttpRequest, pk: Any, fields: Mapping[str, Any]) -> Tariff:
        return catalogue.save_tariff(actor=actor(request), fields=fields, tariff_id=pk)

    @admin.display(description=_("traffic"), ordering="traffic_limit_bytes")
    def traffic(self, tariff: Tariff) -> str:
        return filesizeformat(tariff.traffic_limit_bytes) if tariff.traffic_limit_bytes else "∞"

    @admin.display(description=_("price"), ordering="price_kopecks")
    def price(self, tariff: Tariff) -> str:
        return rubles(tariff.price_kopecks)


@admin.register(PromoCode)
class PromoCodeAdmin(_KeptAdmin):
    list_display = (
        "code",
        "effect",
        "value",
        "starts_at",
        "ends_at",
        "used_count",
        "most_uses",
        "is_active",
    )
    list_filter = ("effect", "is_active", "tariffs")
    search_fields = ("code",)
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    fields = (
        "code",
        "effect",
        "value",
        "tariffs",
        "starts_at",
        "ends_at",
        "most_uses",
        "uses_per_person",
        "used_count",
        "is_active",
    )
    readonly_fields = ("used_count",)

    def serve(self, request: HttpRequest, pk: Any, fields: Mapping[str, Any]) -> PromoCode:
        return catalogue.save_promo_code(actor=actor(request), fields=fields, promo_id=pk)


@admin.register(ShopSettings)
class ShopSettingsAdmin(_KeptAdmin):
    """One row, which is there whether anybody has stored it or not: the list is its form."""

    readonly_fields = ("updated_at",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> ShopSettings:
        return ShopSettings.objects.filter(pk=1).first() or ShopSettings()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return self.change_view(request, "1", extra_context=extra_context)

    def serve(self, request: HttpRequest, pk: Any, fields: Mapping[str, Any]) -> ShopSettings:
        return update_shop_settings(actor=actor(request), changes=fields)


def rubles(kopecks: int) -> str:
    """Return an amount as people read it."""
    whole, rest = divmod(kopecks, 100)
    return f"{whole},{rest:02} ₽" if rest else f"{whole} ₽"
