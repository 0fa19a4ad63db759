"""Panels: how they are, what they are told, what was found there, who moves in with them."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from config.lib.admin import display
from vpnconfigs.admin.adoption import AdoptionForm, preview_tables
from vpnconfigs.admin.base import (
    REFUSALS,
    DeedForm,
    ServedAdmin,
    actor,
    only_one,
    words_of,
)
from vpnconfigs.admin.findings import findings_table
from vpnconfigs.admin.panel_forms import InboundInline, PanelForm
from vpnconfigs.models import Config, Panel, PanelReport, Removal
from vpnconfigs.services import adopting, panels
from vpnconfigs.services.panels import InboundChanges, PanelChanges
from vpnconfigs.services.reconciling import reconcile_panel

STATE_COLOURS = {
    Panel.State.UP: "success",
    Panel.State.XRAY_DOWN: "danger",
    Panel.State.DOWN: "danger",
    Panel.State.REFUSED: "danger",
    Panel.State.NEW: "info",
    "left_alone": "default",
}
_SHOWN_REMOVALS = 50


@admin.register(Panel)
class PanelAdmin(ServedAdmin):
    form = PanelForm
    list_display = (
        "name",
        "shown_state",
        "shown_version",
        "last_latency_ms",
        "configs",
        "unsynced",
        "drift",
        "shown_error",
        "is_open",
    )
    list_filter = ("state", "generation", "is_enabled", "is_open", "country")
    search_fields = ("name", "url", "country", "public_host")
    ordering = ("name",)
    inlines = (InboundInline,)
    readonly_fields = (
        "state",
        "state_since",
        "generation",
        "version",
        "xray_version",
        "last_seen_at",
        "last_latency_ms",
        "shown_error",
        "last_error_at",
        "reconciled_at",
        "token_hint",
    )
    change_form_outer_after_template = "vpnconfigs/admin/panel_findings.html"
    actions = (
        "test_now",
        "reconcile_now",
        "look_only",
        "adopt",
        "enable",
        "disable",
        "open_up",
        "shut",
    )

    def get_fieldsets(self, request: HttpRequest, obj: Panel | None = None) -> Any:
        place = ("name", "url", "public_host", "country")
        secrets: tuple[str, ...] = ("username", "password", "token", "totp_key")
        if obj is None:
            return ((None, {"fields": place}), (_("Signing in"), {"fields": secrets}))
        may_write = self.has_change_permission(request, obj)
        secrets = (*secrets, "drop_token") if may_write else ("username",)
        return (
            (None, {"fields": (*place, "is_enabled", "is_open")}),
            (_("How it is"), {"fields": self.readonly_fields[:-1]}),
            (_("Signing in"), {"fields": ("token_hint", *secrets)}),
        )

    def is_fit(self, deed: str, row: Panel) -> bool:
        return {
            "enable": not row.is_enabled,
            "disable": row.is_enabled,
            "open_up": not row.is_open,
            "shut": row.is_open,
        }.get(deed, True)

    def get_inlines(self, request: HttpRequest, obj: Panel | None) -> Any:
        return self.inlines if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Panel]:
        placed = Q(inbounds__configs__state__in=Config.PLACED)
        differs = ~Q(inbounds__configs__revision=F("inbounds__configs__synced_revision"))
        latest = PanelReport.objects.filter(panel=OuterRef("pk")).order_by("-id")
        rows: QuerySet[Panel] = super().get_queryset(request)
        return rows.annotate(
            config_count=Count("inbounds__configs", filter=placed),
            unsynced_count=Count("inbounds__configs", filter=placed & differs),
            drift_count=Subquery(latest.values("drift_count")[:1]),
        )

    def get_actions(self, request: HttpRequest) -> Any:
        """A panel is taken away on its own card, one at a time."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What stands in the way of deleting is for the service to say."""
        return [str(each) for each in objs], {}, set(), []

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        panel = self.get_object(request, object_id)
        context = _findings_of(panel) if panel is not None else {}
        return super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def serve(self, request: HttpRequest, pk: Any, fields: Mapping[str, Any]) -> Panel:
        secrets = ("password", "token", "totp_key")
        given = {name: value for name, value in fields.items() if value or name not in secrets}
        if given.pop("drop_token", False):
            given["token"] = ""
        if pk is None:
            return panels.add_panel(actor=actor(request), **given)
        changes = PanelChanges(**given)
        return panels.change_panel(actor=actor(request), panel_id=pk, changes=changes)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        for row in formset.forms:
            if row.changed_data:
                changes = {name: row.cleaned_data[name] for name in row.changed_data}
                if "capacity" in changes:
                    changes["capacity"] = changes["capacity"] or 0
                panels.change_inbound(
                    actor=actor(request),
                    inbound_id=row.instance.pk,
                    changes=InboundChanges(**changes),
                )
                formset.changed_objects.append((row.instance, row.changed_data))

    def delete_model(self, request: HttpRequest, obj: Panel) -> None:
        panels.delete_panel(actor=actor(request), panel_id=obj.pk)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def shown_state(self, panel: Panel) -> tuple[str, Any]:
        if not panel.is_enabled:
            return "left_alone", _("left alone")
        return panel.state, panel.get_state_display()

    @admin.display(description=_("version"), ordering="version")
    def shown_version(self, panel: Panel) -> str:
        return panel.version or panel.get_generation_display()

    @admin.display(description=_("configs"), ordering="config_count")
    def configs(self, panel: Panel) -> int:
        return int(vars(panel)["config_count"])

    @admin.display(description=_("not told yet"), ordering="unsynced_count")
    def unsynced(self, panel: Panel) -> int:
        return int(vars(panel)["unsynced_count"])

    @admin.display(description=_("differed"), ordering="drift_count")
    def drift(self, panel: Panel) -> Any:
        return vars(panel)["drift_count"]

    @admin.display(description=_("last error"), ordering="last_error_code")
    def shown_error(self, panel: Panel) -> str:
        return panel.last_error if panel.last_error_code else ""

    @admin.action(description=_("Test now"), permissions=["view"])
    def test_now(self, request: HttpRequest, rows: QuerySet[Panel]) -> None:
        for panel in rows:
            self._test(request, panel)

    @admin.action(description=_("Reconcile now"), permissions=["view"])
    def reconcile_now(self, request: HttpRequest, rows: QuerySet[Panel]) -> None:
        for panel in rows:
            self._reconcile(request, panel, dry_run=False)

    @admin.action(description=_("Compare only"), permissions=["view"])
    def look_only(self, request: HttpRequest, rows: QuerySet[Panel]) -> None:
        for panel in rows:
            self._reconcile(request, panel, dry_run=True)

    @admin.action(description=_("Adopt clients"), permissions=["operate"])
    def adopt(self, request: HttpRequest, rows: QuerySet[Panel]) -> HttpResponse | None:
        """Show what would become of the panel's clients; make configs of them once confirmed."""
        panel = only_one(request, rows)
        if panel is None:
            return None
        form = AdoptionForm(request.POST if "confirmed" in request.POST else None)
        try:
            if form.is_valid():
                self._adopt(request, panel, form)
                return None
            preview = adopting.preview_adoption(actor=actor(request), panel_id=panel.pk)
        except REFUSALS as error:
            messages.error(request, f"{panel}: {words_of(error)}")
            return None
        title = _("Adopt clients of %(panel)s") % {"panel": panel}
        return self.ask(request, rows, form, title=title, **preview_tables(preview))

    @admin.action(description=_("Look after"), permissions=["operate"])
    def enable(self, request: HttpRequest, rows: QuerySet[Panel]) -> None:
        self._change(request, rows, PanelChanges(is_enabled=True))

    @admin.action(description=_("Leave alone"), permissions=["operate"])
    def disable(self, request: HttpRequest, rows: QuerySet[Panel]) -> HttpResponse | None:
        """Ask first: what is wanted of a panel that is left alone waits until it is not."""
        if "confirmed" in request.POST:
            self._change(request, rows, PanelChanges(is_enabled=False))
            return None
        warning = _("Nothing is written there, and nobody is told when it goes down.")
        return self.ask(request, rows, DeedForm(), title=_("Leave alone"), warning=warning)

    @admin.action(description=_("Open for new configs"), permissions=["operate"])
    def open_up(self, request: HttpRequest, rows: QuerySet[Panel]) -> None:
        self._change(request, rows, PanelChanges(is_open=True))

    @admin.action(description=_("Close for new configs"), permissions=["operate"])
    def shut(self, request: HttpRequest, rows: QuerySet[Panel]) -> None:
        self._change(request, rows, PanelChanges(is_open=False))

    def _change(self, request: HttpRequest, rows: QuerySet[Panel], changes: PanelChanges) -> None:
        who = actor(request)
        self.for_each(
            request,
            rows,
            lambda panel: panels.change_panel(actor=who, panel_id=panel.pk, changes=changes),
        )

    def _test(self, request: HttpRequest, panel: Panel) -> None:
        try:
            result = panels.test_panel(actor=actor(request), panel_id=panel.pk)
        except REFUSALS as error:
            messages.error(request, f"{panel}: {words_of(error)}")
            return
        said = _("%(panel)s: %(text)s %(latency)s ms. %(version)s %(raw)s") % {
            "panel": panel,
            "text": result.text,
            "latency": result.latency_ms,
            "version": result.version,
            "raw": result.raw,
        }
        (messages.success if result.is_good else messages.error)(request, said.strip())

    def _reconcile(self, request: HttpRequest, panel: Panel, *, dry_run: bool) -> None:
        try:
            report = reconcile_panel(panel.pk, dry_run=dry_run, actor=actor(request))
        except REFUSALS as error:
            messages.error(request, f"{panel}: {words_of(error)}")
            return
        said = _(
            "%(panel)s: %(differed)s of ours differed, %(repaired)s repaired; "
            "%(strangers)s other clients."
        )
        messages.success(
            request,
            said
            % {
                "panel": panel,
                "differed": report.drift_count,
                "repaired": report.repaired_count,
                "strangers": report.strangers_count,
            },
        )

    def _adopt(self, request: HttpRequest, panel: Panel, form: AdoptionForm) -> None:
        adopted = adopting.adopt(
            actor=actor(request),
            panel_id=panel.pk,
            emails=form.cleaned_data["emails"] or None,
            owner=form.cleaned_data["owner"],
        )
        said = _("%(panel)s: %(adopted)s adopted, %(skipped)s left alone.") % {
            "panel": panel,
            "adopted": len(adopted.adopted),
            "skipped": sum(adopted.skipped.values()),
        }
        messages.success(request, said)


def _findings_of(panel: Panel) -> dict[str, Any]:
    report = panel.reports.order_by("-id").first()
    left = Removal.objects.filter(inbound__panel=panel, done_at=None).select_related("inbound")
    return {
        "report": report,
        "findings": findings_table(report) if report else None,
        "removals": {
            "headers": [_("Inbound"), _("E-mail"), _("Wanted since"), _("Last error")],
            "rows": [
                [row.inbound.shown_title, row.email, row.created_at, row.last_error_code]
                for row in left.order_by("id")[:_SHOWN_REMOVALS]
            ],
        },
    }
