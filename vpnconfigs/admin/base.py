"""What the pages of the VPN shop share: deeds that ask first, forms that a service may refuse."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth import get_permission_codename
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.lib.admin import ModelAdmin
from config.lib.errors import AppError
from config.lib.http import OutsideError
from integrations.admin import actor, say_done

__all__ = [
    "REFUSALS",
    "DeedAdmin",
    "DeedForm",
    "ServedAdmin",
    "ServedForm",
    "WatchedAdmin",
    "actor",
    "hint",
    "only_one",
    "words_of",
]

REFUSALS = (AppError, OutsideError)
Refusal = AppError | OutsideError
_SHOWN_ROWS = 20
_HINT_LENGTH = 4


class DeedForm(forms.Form):
    """What a deed is asked for before it is done; without fields, only whether it shall be."""


class DeedAdmin(ModelAdmin):
    """Rows with deeds. The card of a row has a button for each deed of the list."""

    change_form_outer_before_template = "vpnconfigs/admin/deeds.html"

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Django's hook for deeds with ``permissions=["operate"]``."""
        codename = get_permission_codename("change", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        row = self.get_object(request, object_id) if object_id else None
        deeds = self._deeds(request, row) if row is not None else []
        context = {"deeds": deeds, "deed_row": object_id, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Go back to the card if the deed was chosen there."""
        try:
            for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.to_python(chosen)
        except ValidationError:
            messages.error(request, _("There are no such rows."))
            return HttpResponseRedirect(request.get_full_path())
        response = super().response_action(request, queryset, *args, **kwargs)
        row = request.POST.get("card")
        if row and isinstance(response, HttpResponseRedirect):
            name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return HttpResponseRedirect(reverse(name, args=[row]))
        return response

    def for_each(
        self, request: HttpRequest, rows: Iterable[Any], deed: Callable[[Any], object]
    ) -> None:
        """Do ``deed`` to each row; say how many went well and why others did not."""
        done = 0
        for row in rows:
            try:
                deed(row)
                done += 1
            except REFUSALS as error:
                messages.error(request, f"{row}: {words_of(error)}")
        say_done(request, done)

    def ask(
        self,
        request: HttpRequest,
        rows: QuerySet[Any],
        form: forms.Form,
        *,
        title: Any,
        warning: Any = "",
        is_dangerous: bool = False,
        **context: Any,
    ) -> TemplateResponse:
        """Return the page that asks for a deed's form, with what was chosen carried along."""
        shown = list(rows[:_SHOWN_ROWS])
        count = rows.count()
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        return TemplateResponse(
            request,
            "vpnconfigs/admin/ask.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": title,
                "warning": warning,
                "variant": "danger" if is_dangerous else "primary",
                "form": form,
                "media": self.media + form.media,
                "rows": shown,
                "count": count,
                "more": count - len(shown),
                "carried": [
                    *((ACTION_CHECKBOX_NAME, pk) for pk in chosen),
                    *((name, request.POST[name]) for name in _CARRIED if name in request.POST),
                ],
                **context,
            },
        )

    def is_fit(self, deed: str, row: Any) -> bool:
        """Tell whether a deed makes sense for a row as it is; its card shows no others."""
        return True

    def _deeds(self, request: HttpRequest, row: Any) -> list[tuple[str, Any]]:
        return [
            (name, chosen[2])
            for name, chosen in self.get_actions(request).items()
            if chosen is not None and name not in _OF_LISTS and self.is_fit(name, row)
        ]


_CARRIED = ("action", "select_across", "card")
_OF_LISTS = ("delete_selected",)


class WatchedAdmin(DeedAdmin):
    """Rows that the code writes: looked at, changed by deeds alone."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ServedForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form whose row a service stores."""

    def _post_clean(self) -> None:
        """Leave constraints to the service, which says in words what it is that they forbid."""
        check = self.instance.full_clean
        self.instance.full_clean = partial(check, validate_constraints=False)
        super()._post_clean()  # type: ignore[misc]  # a hook that the stubs leave out


class ServedAdmin(DeedAdmin):
    """Rows that a service keeps: what it refuses stands on the form, as entered."""

    form = ServedForm

    def get_form(
        self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        refusal = getattr(request, "refusal", None)
        return form if refusal is None else _refused(form, refusal)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the form again with the reason, where a service has refused to save it."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except REFUSALS as error:
            if request.method != "POST":
                raise
            request.refusal = error  # type: ignore[attr-defined]
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(
        self, request: HttpRequest, obj: Any, form: "forms.ModelForm[Any]", change: bool
    ) -> None:
        """Let the service store what was entered: all of a new row, the changes of another."""
        names = form.changed_data if change else form.cleaned_data
        fields = {name: form.cleaned_data[name] for name in names}
        obj.pk = self.serve(request, obj.pk if change else None, fields).pk

    def serve(self, request: HttpRequest, pk: Any, fields: Mapping[str, Any]) -> Model:
        """Make a row, or change the one that is named, by its service."""
        raise NotImplementedError

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The service has stored the row's relations already."""
        for formset in formsets:
            self.save_formset(request, form, formset, change=change)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except REFUSALS as error:
            messages.error(request, words_of(error))
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(name, args=[object_id]))


def words_of(error: Refusal) -> str:
    """Return why something was refused, for the reader."""
    if isinstance(error, AppError):
        return " ".join(str(field.message) for field in error.fields) or str(error.detail)
    return str(error)


def hint(secret: str) -> str:
    """Return so much of a secret that two can be told apart."""
    return f"{secret[:_HINT_LENGTH]}…" if secret else ""


def only_one(request: HttpRequest, rows: QuerySet[Any]) -> Any:
    """Return the one chosen row; ``None``, and a word about it, where there are more."""
    found = list(rows[:2])
    if len(found) == 1:
        return found[0]
    messages.error(request, _("Choose one row."))
    return None


def _refused(form: type[Any], refusal: Refusal) -> type[Any]:
    class Refused(form):  # type: ignore[misc]
        def _post_clean(self) -> None:
            super()._post_clean()  # a hook that the stubs leave out
            for field, message in _complaints(refusal):
                self.add_error(field if field in self.fields else None, message)

    return Refused


def _complaints(refusal: Refusal) -> list[tuple[str | None, str]]:
    if isinstance(refusal, AppError) and refusal.fields:
        return [(field.field, str(field.message)) for field in refusal.fields]
    return [(None, words_of(refusal))]
