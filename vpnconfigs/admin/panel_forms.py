"""What is entered about a panel and its inbounds."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.lib.admin import Checkbox, PasswordInput, TabularInline
from vpnconfigs.admin.base import ServedForm
from vpnconfigs.models import Config, Inbound, Panel


class PanelForm(ServedForm):
    """A panel; what it is signed in to with is written and never read."""

    password = forms.CharField(label=_("Password"), required=False, strip=False)
    token = forms.CharField(label=_("API token"), required=False)
    totp_key = forms.CharField(label=_("2FA key"), required=False)
    drop_token = forms.BooleanField(
        label=_("Forget the token and sign in by password"), required=False, widget=Checkbox()
    )

    class Meta:
        model = Panel
        fields = (
            "name",
            "url",
            "public_host",
            "country",
            "is_enabled",
            "is_open",
            "username",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("password", "token", "totp_key"):
            if name in self.fields:
                self.fields[name].widget = PasswordInput(attrs={"autocomplete": "new-password"})
                if self.instance.sealed_credentials:
                    self.fields[name].help_text = _("Empty: as it is. It is never shown.")


class InboundInline(TabularInline):
    """The entrances; staff say what is sold from them, the panel says the rest."""

    model = Inbound
    extra = 0
    can_delete = False
    hide_title = True
    fields = (
        "external_id",
        "is_sold",
        "title",
        "capacity",
        "load",
        "way",
        "remark",
        "is_enabled",
        "is_gone",
        "strangers_count",
    )
    readonly_fields = (
        "external_id",
        "load",
        "way",
        "remark",
        "is_enabled",
        "is_gone",
        "strangers_count",
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Inbound]:
        placed = Q(configs__state__in=Config.PLACED)
        rows: QuerySet[Inbound] = super().get_queryset(request)
        return rows.annotate(load=Count("configs", filter=placed)).order_by("external_id")

    @admin.display(description=_("configs"))
    def load(self, row: Inbound) -> int:
        return int(vars(row).get("load", 0))

    @admin.display(description=_("transport"))
    def way(self, row: Inbound) -> str:
        return f"{row.protocol}: {row.network} + {row.security}, {row.port}"
