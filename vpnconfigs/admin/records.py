"""What the shop writes down by itself: to look at. Of what opens something, a hint."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from config.lib.admin import ReadOnlyTabularInline
from vpnconfigs.admin.base import DeedForm, WatchedAdmin, actor, hint
from vpnconfigs.admin.findings import findings_table
from vpnconfigs.admin.shop import rubles
from vpnconfigs.models import (
    Device,
    Gift,
    PanelReport,
    Purchase,
    Referral,
    Removal,
    SubscriptionLink,
)
from vpnconfigs.services.devices import remove_device
from vpnconfigs.services.subscriptions import renew_token


class DeviceInline(ReadOnlyTabularInline):
    model = Device
    hide_title = True
    fields = ("model", "platform", "os_version", "app", "created_at", "last_seen_at")
    readonly_fields = fields
    ordering = ("-last_seen_at",)


@admin.register(SubscriptionLink)
class SubscriptionLinkAdmin(WatchedAdmin):
    list_display = ("id", "user", "token_hint", "renewed_at", "last_read_at", "last_reader")
    list_select_related = ("user",)
    list_filter = (("user", admin.EmptyFieldListFilter),)
    search_fields = ("=id", "user__email", "user__username", "=user__telegram_id")
    ordering = ("-id",)
    fields = ("user", "token_hint", "renewed_at", "last_read_at", "last_reader")
    inlines = (DeviceInline,)
    actions = ("renew",)

    @admin.display(description=_("token"))
    def token_hint(self, link: SubscriptionLink) -> str:
        return hint(link.token)

    @admin.action(description=_("New address…"), permissions=["operate"])
    def renew(self, request: HttpRequest, rows: QuerySet[SubscriptionLink]) -> HttpResponse | None:
        """Ask first: every app has to be given the new address."""
        if "confirmed" not in request.POST:
            warning = _("The old address opens nothing any more, and the devices are forgotten.")
            return self.ask(request, rows, DeedForm(), title=_("New address"), warning=warning)
        who = actor(request)
        owned = [link for link in rows.select_related("user") if link.user is not None]
        if len(owned) < rows.count():
            messages.error(request, _("A link that is nobody's yet keeps its address."))
        self.for_each(
            request, owned, lambda link: link.user and renew_token(actor=who, user=link.user)
        )
        return None


@admin.register(Device)
class DeviceAdmin(WatchedAdmin):
    list_display = ("id", "subscription", "model", "platform", "app", "created_at", "last_seen_at")
    list_filter = ("platform",)
    list_select_related = ("subscription",)
    search_fields = ("=hwid", "model", "subscription__user__email", "subscription__user__username")
    date_hierarchy = "last_seen_at"
    ordering = ("-last_seen_at",)
    actions = ("remove",)

    @admin.action(description=_("Free its place"), permissions=["operate"])
    def remove(self, request: HttpRequest, rows: QuerySet[Device]) -> None:
        who = actor(request)
        self.for_each(request, rows, lambda row: remove_device(actor=who, device_id=row.pk))


@admin.register(Removal)
class RemovalAdmin(WatchedAdmin):
    list_display = ("email", "inbound", "created_at", "attempts", "last_error_code", "done_at")
    list_filter = (("done_at", admin.EmptyFieldListFilter), "is_disabled", "inbound__panel")
    list_select_related = ("inbound",)
    search_fields = ("email", "=config__id")
    date_hierarchy = "created_at"
    ordering = ("-id",)
    exclude = ("secret", "sub_id")


@admin.register(Purchase)
class PurchaseAdmin(WatchedAdmin):
    list_display = ("created_at", "user", "kind", "tariff", "days", "price", "promo_code")
    list_filter = ("kind", "tariff")
    list_select_related = ("user", "tariff", "promo_code")
    search_fields = ("user__email", "user__username", "=config__id", "=correlation_id")
    date_hierarchy = "created_at"
    ordering = ("-id",)

    @admin.display(description=_("price"), ordering="price_kopecks")
    def price(self, purchase: Purchase) -> str:
        return rubles(purchase.price_kopecks)


@admin.register(Gift)
class GiftAdmin(WatchedAdmin):
    list_display = ("id", "giver", "tariff", "code_hint", "taken_by", "taken_at", "expires_at")
    list_filter = (("taken_at", admin.EmptyFieldListFilter), "tariff")
    list_select_related = ("purchase__user", "tariff", "taken_by")
    search_fields = ("=id", "purchase__user__email", "taken_by__email")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    fields = (
        "giver",
        "tariff",
        "code_hint",
        "purchase",
        "taken_by",
        "taken_at",
        "expires_at",
        "created_at",
    )

    @admin.display(description=_("from"))
    def giver(self, gift: Gift) -> str:
        return str(gift.purchase.user)

    @admin.display(description=_("code"))
    def code_hint(self, gift: Gift) -> str:
        return hint(gift.code)


@admin.register(Referral)
class ReferralAdmin(WatchedAdmin):
    list_display = ("newcomer", "referrer", "created_at", "rewarded_at")
    list_filter = (("rewarded_at", admin.EmptyFieldListFilter),)
    list_select_related = ("newcomer", "referrer")
    search_fields = ("newcomer__email", "referrer__email", "referrer__username")
    date_hierarchy = "created_at"
    ordering = ("-id",)


@admin.register(PanelReport)
class PanelReportAdmin(WatchedAdmin):
    list_display = (
        "created_at",
        "panel",
        "is_dry_run",
        "drift_count",
        "repaired_count",
        "strangers_count",
    )
    list_filter = ("panel", "is_dry_run")
    list_select_related = ("panel",)
    search_fields = ("panel__name", "=correlation_id")
    date_hierarchy = "created_at"
    ordering = ("-id",)
    exclude = ("findings",)
    change_form_outer_after_template = "vpnconfigs/admin/panel_findings.html"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        report = self.get_object(request, object_id)
        context = {"report": report, "findings": findings_table(report)} if report else {}
        return super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )
