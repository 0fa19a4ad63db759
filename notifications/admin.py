"""Notifications in the admin: what was told to whom, where people are reached, and the words."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from config.lib.admin import ModelAdmin, ReadOnlyAdmin
from notifications.channels import ranked
from notifications.models import (
    ChannelAddress,
    Notification,
    NotificationDay,
    NotificationTemplate,
    Preference,
)
from notifications.selectors.journal import deliveries_of
from notifications.services import templates
from notifications.services.digests import DIGEST
from notifications.services.kinds import kinds
from notifications.services.markup import find_faults, names_of, sample_of
from notifications.services.rendering import fill
from notifications.services.templates import Words

if TYPE_CHECKING:
    BaseTemplateForm = forms.ModelForm[NotificationTemplate]
else:
    BaseTemplateForm = forms.ModelForm


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "recipient", "state", "created_at", "planned_at", "expires_at")
    list_filter = ("state", "kind", "created_at")
    search_fields = ("=id", "kind", "dedup_key", "recipient__email", "recipient__username")
    list_select_related = ("recipient",)
    date_hierarchy = "created_at"
    ordering = ("-id",)
    readonly_fields = ("correlation_id", "journal")

    @admin.display(description=_("What became of it"))
    def journal(self, notice: Notification) -> SafeString | str:
        """Show each delivery, and below it each call that was made for it."""
        lines = [
            format_html("<li>{}<ul>{}</ul></li>", line, _calls(attempts))
            for line, attempts in (
                (
                    f"{each.kind} #{each.pk}: {each.get_state_display()} {each.last_error_code}",
                    each.journal.all(),
                )
                for each in deliveries_of(notice)
            )
        ]
        return format_html("<ul>{}</ul>", format_html_join("", "{}", ((x,) for x in lines)))


def _calls(attempts: Any) -> SafeString:
    rows = sorted(attempts, key=lambda attempt: attempt.pk)
    return format_html_join(
        "",
        "<li>{}: {} {} {}, {} ms</li>",
        (
            (localize(localtime(row.at)), row.outcome, row.error_code, row.error, row.latency_ms)
            for row in rows
        ),
    )


@admin.register(ChannelAddress)
class ChannelAddressAdmin(ModelAdmin):
    list_display = ("user", "channel", "address", "state", "strikes", "created_at")
    list_filter = ("channel", "state")
    search_fields = ("address", "user__email", "user__username")
    list_select_related = ("user",)
    autocomplete_fields = ("user",)
    readonly_fields = ("last_strike_at", "created_at")


@admin.register(Preference)
class PreferenceAdmin(ReadOnlyAdmin):
    list_display = ("user", "reach", "quiet_from", "quiet_to", "digest_hour", "muted")
    search_fields = ("user__email", "user__username")
    list_select_related = ("user",)


class TemplateForm(BaseTemplateForm):
    """Offers what there is, and takes no words that could not be sent."""

    kind = forms.ChoiceField(label=_("kind"))
    language = forms.ChoiceField(label=_("language"), choices=settings.LANGUAGES)
    channel = forms.ChoiceField(label=_("channel"), required=False)

    class Meta:
        model = NotificationTemplate
        fields = ("kind", "language", "channel", "subject", "text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(name, f"{kind.label} ({name})") for name, kind in kinds.items()]
        self.fields["kind"] = forms.ChoiceField(
            label=_("kind"), choices=[each for each in offered if each[0] != DIGEST]
        )
        over = [(channel.name, channel.label) for channel in ranked()]
        self.fields["channel"] = forms.ChoiceField(
            label=_("channel"), required=False, choices=[("", _("all")), *over]
        )

    def clean(self) -> dict[str, Any]:
        """Refuse words that Telegram would, or that ask for what the kind does not know."""
        data = super().clean() or self.cleaned_data
        kind = kinds.find(data.get("kind", ""))
        if kind is not None and "subject" in data and "text" in data:
            for fault in find_faults(kind, Words(data["subject"], data["text"])):
                self.add_error(fault.field, str(fault.message))
        return data


@admin.register(NotificationTemplate)
class NotificationTemplateAdmin(ModelAdmin):
    form = TemplateForm
    list_display = ("kind", "language", "channel", "subject", "updated_at")
    list_filter = ("language", "channel")
    search_fields = ("kind", "subject", "text")
    fields = ("kind", "language", "channel", "subject", "text", "values", "preview", "updated_at")
    readonly_fields = ("values", "preview", "updated_at")

    @admin.display(description=_("values that the words may ask for"))
    def values(self, template: NotificationTemplate) -> str:
        kind = kinds.find(template.kind)
        return ", ".join(f"%({name})s" for name in sorted(names_of(kind))) if kind else "-"

    @admin.display(description=_("as it is sent"))
    def preview(self, template: NotificationTemplate) -> SafeString | str:
        """Show the words as they were kept, filled with a sample."""
        kind = kinds.find(template.kind)
        if kind is None:
            return "-"
        try:
            shown = fill(Words(template.subject, template.text), sample_of(kind))
        except (LookupError, ValueError, TypeError) as error:
            return str(error)
        lines = format_html_join("", "{}<br>", ((line,) for line in shown.plain.split("\n")))
        return format_html("<strong>{}</strong><br>{}", shown.subject, lines)

    def save_model(
        self, request: HttpRequest, obj: NotificationTemplate, form: Any, change: Any
    ) -> None:
        super().save_model(request, obj, form, change)
        templates.forget()

    def delete_model(self, request: HttpRequest, obj: NotificationTemplate) -> None:
        super().delete_model(request, obj)
        templates.forget()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        super().delete_queryset(request, queryset)
        templates.forget()


@admin.register(NotificationDay)
class NotificationDayAdmin(ReadOnlyAdmin):
    list_display = ("day", "kind", "channel", "state", "count")
    list_filter = ("channel", "state", "kind")
    date_hierarchy = "day"
    ordering = ("-day", "kind", "channel", "state")
