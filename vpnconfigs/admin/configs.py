"""Everybody's configs: found by anything that names them, changed one by one or by the thousand."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.lib.admin import NumberInput, Select, TextInput, display
from vpnconfigs.admin.adoption import traffic_of
from vpnconfigs.admin.base import (
    REFUSALS,
    DeedForm,
    WatchedAdmin,
    actor,
    hint,
    words_of,
)
from vpnconfigs.models import Config, Inbound, MassAction
from vpnconfigs.selectors.staff_configs import matches
from vpnconfigs.selectors.states import MOST_DAYS
from vpnconfigs.services import upkeep
from vpnconfigs.services.configs import delete_config
from vpnconfigs.services.mass_actions import start_mass_action

State = Config.State
STATE_COLOURS = {
    State.REQUESTED: "info",
    State.PROVISIONING: "info",
    State.ACTIVE: "success",
    State.EXPIRING: "warning",
    State.EXPIRED: "danger",
    State.DEPLETED: "danger",
    State.SUSPENDED: "warning",
    State.DELETED: "default",
}
Deed = Callable[..., object]
# One config is dealt with at once; more of them are a job.
_AT_ONCE: dict[str, Deed] = {
    MassAction.Action.EXTEND: upkeep.extend_config,
    MassAction.Action.RESET_TRAFFIC: upkeep.reset_traffic,
    MassAction.Action.SUSPEND: upkeep.suspend_config,
    MassAction.Action.RESUME: upkeep.resume_config,
    MassAction.Action.MOVE: upkeep.move_config,
    MassAction.Action.DELETE: delete_config,
}


class ExtendForm(DeedForm):
    days = forms.IntegerField(
        label=_("Days"), min_value=1, max_value=MOST_DAYS, initial=30, widget=NumberInput()
    )


class SuspendForm(DeedForm):
    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=upkeep.REASON_LENGTH, widget=TextInput()
    )


class InboundChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.panel.name}: {obj.shown_title} ({obj.protocol})"


class MoveForm(DeedForm):
    inbound = InboundChoice(
        label=_("Inbound"),
        queryset=Inbound.objects.none(),
        required=False,
        empty_label=_("wherever there is room"),
        widget=Select(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Inbound.objects.filter(is_gone=False, protocol__in=Config.Protocol.values)
        choice: Any = self.fields["inbound"]
        choice.queryset = rows.select_related("panel").order_by("panel__name", "external_id")


class InboundFilter(admin.SimpleListFilter):
    title = _("inbound")
    parameter_name = "inbound"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = Inbound.objects.select_related("panel").order_by("panel__name", "external_id")
        return [(str(row.pk), f"{row.panel.name}: {row.shown_title}") for row in rows]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Config]) -> QuerySet[Config]:
        value = str(self.value() or "")
        if not value.isdecimal() or len(value) > 18:
            return queryset
        return queryset.filter(inbound=int(value))


class SyncFilter(admin.SimpleListFilter):
    title = _("on the panel")
    parameter_name = "synced"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("as wanted")), ("no", _("not told yet")), ("error", _("with an error"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Config]) -> QuerySet[Config]:
        differs = Q(state__in=Config.PLACED) & ~Q(revision=F("synced_revision"))
        match self.value():
            case "yes":
                return queryset.filter(state__in=Config.PLACED).exclude(differs)
            case "no":
                return queryset.filter(differs)
            case "error":
                return queryset.exclude(sync_error_code="")
        return queryset


class EndFilter(admin.SimpleListFilter):
    title = _("ends within")
    parameter_name = "ends"
    choices_of_days = (1, 3, 7, 30)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(days), _("%(days)s d.") % {"days": days}) for days in self.choices_of_days]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Config]) -> QuerySet[Config]:
        days = {str(days): days for days in self.choices_of_days}.get(self.value() or "")
        if days is None:
            return queryset
        now = timezone.now()
        within = (now, now + timedelta(days=days))
        return queryset.filter(state__in=Config.LIVE, valid_to__range=within)


@admin.register(Config)
class ConfigAdmin(WatchedAdmin):
    list_display = (
        "name",
        "person",
        "tariff",
        "shown_state",
        "place",
        "valid_to",
        "traffic",
        "way_to_panel",
    )
    list_filter = (
        "state",
        "protocol",
        ("inbound__panel", admin.RelatedOnlyFieldListFilter),
        InboundFilter,
        "tariff",
        SyncFilter,
        EndFilter,
        "is_trial",
        "is_adopted",
    )
    list_select_related = ("user", "tariff", "inbound__panel")
    search_fields = ("email",)
    search_help_text = _("Id, name, e-mail; the person's e-mail, user name or Telegram id")
    ordering = ("-created_at", "id")
    fieldsets = (
        (None, {"fields": ("name", "person", "tariff", "state", "suspended_reason")}),
        (
            _("Time and traffic"),
            {
                "fields": (
                    "valid_from",
                    "valid_to",
                    "traffic",
                    "device_limit",
                    "ip_limit",
                    "is_online",
                    "last_online_at",
                )
            },
        ),
        (
            _("On the panel"),
            {
                "fields": (
                    "protocol",
                    "place",
                    "email",
                    "secret_hint",
                    "sub_id_hint",
                    "flow",
                    "panel_state",
                    "synced_at",
                    "sync_attempts",
                    "sync_not_before",
                    "sync_error",
                )
            },
        ),
        (
            _("Origin"),
            {"fields": ("id", "is_trial", "is_adopted", "correlation_id", "created_at",
                        "deleted_at")},
        ),
    )  # fmt: skip
    actions = ("extend", "reset_traffic", "suspend", "resume", "move", "delete_configs")

    def is_fit(self, deed: str, row: Config) -> bool:
        is_suspended = row.state == State.SUSPENDED
        return row.state in Config.PLACED and {
            "suspend": not is_suspended,
            "resume": is_suspended,
        }.get(deed, True)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Config], search_term: str
    ) -> tuple[QuerySet[Config], bool]:
        term = search_term.replace("\x00", "").strip()
        return (queryset.filter(matches(term)) if term else queryset), False

    @admin.display(description=_("user"), ordering="user")
    def person(self, config: Config) -> Any:
        return _person(config.user)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def shown_state(self, config: Config) -> tuple[str, str]:
        return config.state, config.get_state_display()

    @admin.display(description=_("inbound"), ordering="inbound")
    def place(self, config: Config) -> str:
        inbound = config.inbound
        return f"{inbound.panel.name}: {inbound.shown_title}" if inbound else ""

    @admin.display(description=_("traffic"), ordering=F("used_up_bytes") + F("used_down_bytes"))
    def traffic(self, config: Config) -> str:
        return traffic_of(config)

    @display(
        description=_("on the panel"),
        label={"synced": "success", "waiting": "info", "error": "danger", "none": "default"},
    )
    def way_to_panel(self, config: Config) -> tuple[str, Any]:
        if config.state not in Config.PLACED:
            return "none", "—"
        if config.is_synced:
            return "synced", _("as wanted")
        if config.sync_error_code:
            return "error", config.sync_error_code
        return "waiting", _("not told yet")

    @admin.display(description=_("on the panel"))
    def panel_state(self, config: Config) -> Any:
        return self.way_to_panel(config)[1]

    @admin.display(description=_("secret"))
    def secret_hint(self, config: Config) -> str:
        return hint(config.secret)

    @admin.display(description=_("subId on the panel"))
    def sub_id_hint(self, config: Config) -> str:
        return hint(config.sub_id)

    @admin.action(description=_("Give days…"), permissions=["operate"])
    def extend(self, request: HttpRequest, rows: QuerySet[Config]) -> HttpResponse | None:
        return self._ask_and_do(request, rows, MassAction.Action.EXTEND, ExtendForm)

    @admin.action(description=_("Reset traffic"), permissions=["operate"])
    def reset_traffic(self, request: HttpRequest, rows: QuerySet[Config]) -> HttpResponse | None:
        return self._ask_and_do(request, rows, MassAction.Action.RESET_TRAFFIC, DeedForm)

    @admin.action(description=_("Suspend…"), permissions=["operate"])
    def suspend(self, request: HttpRequest, rows: QuerySet[Config]) -> HttpResponse | None:
        return self._ask_and_do(request, rows, MassAction.Action.SUSPEND, SuspendForm)

    @admin.action(description=_("Resume"), permissions=["operate"])
    def resume(self, request: HttpRequest, rows: QuerySet[Config]) -> None:
        self._do(request, rows, MassAction.Action.RESUME, {})

    @admin.action(description=_("Move…"), permissions=["operate"])
    def move(self, request: HttpRequest, rows: QuerySet[Config]) -> HttpResponse | None:
        return self._ask_and_do(request, rows, MassAction.Action.MOVE, MoveForm)

    @admin.action(description=_("Delete…"), permissions=["operate"])
    def delete_configs(self, request: HttpRequest, rows: QuerySet[Config]) -> HttpResponse | None:
        return self._ask_and_do(request, rows, MassAction.Action.DELETE, DeedForm)

    def _ask_and_do(
        self, request: HttpRequest, rows: QuerySet[Config], deed: str, form_class: type[DeedForm]
    ) -> HttpResponse | None:
        form = form_class(request.POST if "confirmed" in request.POST else None)
        if form.is_valid():
            self._do(request, rows, deed, form.cleaned_data)
            return None
        return self.ask(
            request,
            rows,
            form,
            title=_TITLES[deed],
            warning=_WARNINGS.get(deed, ""),
            is_dangerous=deed == MassAction.Action.DELETE,
        )

    def _do(
        self, request: HttpRequest, rows: QuerySet[Config], deed: str, given: dict[str, Any]
    ) -> None:
        who = actor(request)
        chosen = list(rows.values_list("pk", flat=True))
        if len(chosen) == 1:
            run = _AT_ONCE[deed]
            self.for_each(request, rows, lambda row: run(actor=who, config=row, **given))
            return
        try:
            mass = start_mass_action(actor=who, action=deed, config_ids=chosen, **given)
        except REFUSALS as error:
            messages.error(request, words_of(error))
            return
        job = reverse("admin:accounts_job_change", args=[mass.job_id])
        begun = _("Begun for %(count)s configs.") % {"count": len(chosen)}
        link = format_html('<a href="{}" class="underline">{}</a>', job, _("How far it is"))
        messages.success(request, format_html("{} {}", begun, link))


_TITLES: dict[str, Any] = {
    MassAction.Action.EXTEND: _("Give days"),
    MassAction.Action.RESET_TRAFFIC: _("Reset traffic"),
    MassAction.Action.SUSPEND: _("Suspend"),
    MassAction.Action.MOVE: _("Move to another inbound"),
    MassAction.Action.DELETE: _("Delete configs"),
}
_WARNINGS: dict[str, Any] = {
    MassAction.Action.RESET_TRAFFIC: _("The traffic of this period is counted from nothing."),
    MassAction.Action.MOVE: _("Links that were copied stop working; subscriptions follow."),
    MassAction.Action.DELETE: _("They stop working and leave the panel. This cannot be undone."),
}


def _person(user: User | None) -> Any:
    if user is None:
        return "—"
    address = reverse("admin:accounts_user_change", args=[user.pk])
    return format_html('<a href="{}">{}</a>', address, user.display_name)
