"""Requests with their conversation, and news with a preview."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from config.lib.admin import (
    Checkbox,
    MomentInput,
    ReadOnlyTabularInline,
    Select,
    Textarea,
    display,
)
from vpnconfigs.admin.base import DeedForm, ServedAdmin, WatchedAdmin, actor
from vpnconfigs.markup import render_markdown
from vpnconfigs.models import News, Request, RequestMessage, Tariff
from vpnconfigs.services import news, requests


class CommentForm(DeedForm):
    comment = forms.CharField(
        label=_("Comment for the customer"),
        required=False,
        max_length=requests.COMMENT_LENGTH,
        widget=Textarea(attrs={"rows": 3}),
    )


class ApproveForm(CommentForm):
    tariff = forms.ModelChoiceField(
        label=_("Tariff"),
        queryset=Tariff.objects.all(),
        required=False,
        empty_label=_("the one that was asked for"),
        widget=Select(),
    )
    is_free = forms.BooleanField(label=_("Take no money"), required=False, widget=Checkbox())
    field_order = ("tariff", "is_free", "comment")


class AnswerForm(DeedForm):
    text = forms.CharField(
        label=_("Answer"), max_length=requests.TEXT_LENGTH, widget=Textarea(attrs={"rows": 5})
    )


class ScheduleForm(DeedForm):
    publish_at = forms.SplitDateTimeField(label=_("Publish at"), widget=MomentInput())


class MessageInline(ReadOnlyTabularInline):
    model = RequestMessage
    hide_title = True
    fields = ("created_at", "side", "text")
    readonly_fields = fields
    ordering = ("id",)
    verbose_name_plural = _("Conversation")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RequestMessage]:
        return super().get_queryset(request).select_related("author")

    @admin.display(description=_("author"))
    def side(self, message: RequestMessage) -> Any:
        name = message.author.display_name if message.author else "—"
        return f"{name} ({_('staff')})" if message.is_from_staff else name


@admin.register(Request)
class RequestAdmin(WatchedAdmin):
    list_display = (
        "created_at",
        "user",
        "kind",
        "shown_state",
        "tariff",
        "is_waiting",
        "last_message_at",
    )
    list_filter = ("state", "kind", "is_unread_by_staff", "tariff")
    list_select_related = ("user", "tariff")
    search_fields = ("=id", "user__email", "user__username", "messages__text")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    fields = (
        "user",
        "kind",
        "state",
        "tariff",
        "protocol",
        "country",
        "config",
        "created_at",
        "comment",
        "decided_by",
        "decided_at",
    )
    inlines = (MessageInline,)
    actions = ("approve", "refuse", "answer", "close")

    def is_fit(self, deed: str, row: Request) -> bool:
        if deed == "answer":
            return True
        is_help = row.kind == Request.Kind.SUPPORT
        return row.state == Request.State.OPEN and {
            "approve": not is_help,
            "close": is_help,
        }.get(deed, True)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """Show a request; whoever of the staff opens it has read it."""
        found = self.get_object(request, object_id)
        if found is not None and request.method == "GET" and self.has_operate_permission(request):
            requests.mark_read(reader=actor(request), request=found)
        return super().change_view(request, object_id, *args, **kwargs)

    @display(
        description=_("state"),
        ordering="state",
        label={
            Request.State.OPEN: "warning",
            Request.State.APPROVED: "success",
            Request.State.REFUSED: "danger",
        },
    )
    def shown_state(self, row: Request) -> Any:
        return row.state, row.get_state_display()

    @admin.display(description=_("unread"), boolean=True, ordering="is_unread_by_staff")
    def is_waiting(self, row: Request) -> bool:
        return row.is_unread_by_staff

    @admin.action(description=_("Approve…"), permissions=["operate"])
    def approve(self, request: HttpRequest, rows: QuerySet[Request]) -> HttpResponse | None:
        return self._ask_and_do(request, rows, _("Approve"), ApproveForm, requests.approve)

    @admin.action(description=_("Refuse…"), permissions=["operate"])
    def refuse(self, request: HttpRequest, rows: QuerySet[Request]) -> HttpResponse | None:
        return self._ask_and_do(request, rows, _("Refuse"), CommentForm, requests.refuse)

    @admin.action(description=_("Answer…"), permissions=["operate"])
    def answer(self, request: HttpRequest, rows: QuerySet[Request]) -> HttpResponse | None:
        def say(*, actor: Any, request: Request, text: str) -> None:
            requests.say(author=actor, request=request, text=text)

        return self._ask_and_do(request, rows, _("Answer"), AnswerForm, say)

    @admin.action(description=_("Close the conversation"), permissions=["operate"])
    def close(self, request: HttpRequest, rows: QuerySet[Request]) -> None:
        who = actor(request)
        self.for_each(request, rows, lambda row: requests.close(actor=who, request=row))

    def _ask_and_do(
        self,
        request: HttpRequest,
        rows: QuerySet[Request],
        title: Any,
        form_class: type[DeedForm],
        deed: Any,
    ) -> HttpResponse | None:
        form = form_class(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            return self.ask(request, rows, form, title=title)
        who = actor(request)
        self.for_each(request, rows, lambda row: deed(actor=who, request=row, **form.cleaned_data))
        return None


@admin.register(News)
class NewsAdmin(ServedAdmin):
    list_display = (
        "title_ru",
        "shown_state",
        "is_pinned",
        "is_announced",
        "publish_at",
        "published_at",
        "author",
    )
    list_filter = ("state", "is_pinned", "is_announced")
    list_select_related = ("author",)
    search_fields = ("title_ru", "title_en", "text_ru", "text_en")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    fieldsets = (
        (None, {"fields": ("is_pinned", "is_announced")}),
        (_("Russian"), {"fields": ("title_ru", "text_ru", "preview_ru")}),
        (_("English"), {"fields": ("title_en", "text_en", "preview_en")}),
        (
            _("How far it is"),
            {
                "fields": (
                    "state",
                    "publish_at",
                    "published_at",
                    "announced_at",
                    "author",
                    "updated_at",
                )
            },
        ),
    )
    readonly_fields = (
        "preview_ru",
        "preview_en",
        "state",
        "publish_at",
        "published_at",
        "announced_at",
        "author",
        "updated_at",
    )
    actions = ("publish", "schedule", "withdraw")

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("css/admin-markdown.css",)}

    def is_fit(self, deed: str, row: News) -> bool:
        return {
            "publish": row.state != News.State.PUBLISHED,
            "schedule": row.state != News.State.PUBLISHED,
            "withdraw": row.state != News.State.DRAFT,
        }.get(deed, True)

    def serve(self, request: HttpRequest, pk: Any, fields: Mapping[str, Any]) -> News:
        if pk is None:
            return news.write_news(actor=actor(request), fields=fields)
        return news.change_news(actor=actor(request), news_id=pk, fields=fields)

    def delete_model(self, request: HttpRequest, obj: News) -> None:
        news.delete_news(actor=actor(request), news_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[News]) -> None:
        for piece in queryset:
            self.delete_model(request, piece)

    @display(
        description=_("state"),
        ordering="state",
        label={News.State.PUBLISHED: "success", News.State.SCHEDULED: "info"},
    )
    def shown_state(self, piece: News) -> Any:
        return piece.state, piece.get_state_display()

    @admin.display(description=_("as customers read it"))
    def preview_ru(self, piece: News) -> SafeString:
        return _preview(piece.text_ru)

    @admin.display(description=_("as customers read it"))
    def preview_en(self, piece: News) -> SafeString:
        return _preview(piece.text_en)

    @admin.action(description=_("Publish now"), permissions=["operate"])
    def publish(self, request: HttpRequest, rows: QuerySet[News]) -> None:
        who = actor(request)
        self.for_each(request, rows, lambda row: news.publish_news(actor=who, news_id=row.pk))

    @admin.action(description=_("Publish later…"), permissions=["operate"])
    def schedule(self, request: HttpRequest, rows: QuerySet[News]) -> HttpResponse | None:
        form = ScheduleForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            return self.ask(request, rows, form, title=_("Publish later"))
        who, moment = actor(request), form.cleaned_data["publish_at"]
        self.for_each(
            request,
            rows,
            lambda row: news.schedule_news(actor=who, news_id=row.pk, publish_at=moment),
        )
        return None

    @admin.action(description=_("Withdraw"), permissions=["operate"])
    def withdraw(self, request: HttpRequest, rows: QuerySet[News]) -> None:
        who = actor(request)
        self.for_each(request, rows, lambda row: news.withdraw_news(actor=who, news_id=row.pk))


def _preview(text: str) -> SafeString:
    # What comes out of render_markdown is clean.
    return format_html('<div class="markdown">{}</div>', mark_safe(render_markdown(text)))  # noqa: S308
