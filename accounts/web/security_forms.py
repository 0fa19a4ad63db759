"""What people fill in about passwords, codes and tokens."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scopes import READ, WRITE, scope_choices
from accounts.selectors.organizations import memberships_of
from accounts.services.passwords import MAX_LENGTH


def _code_field(label: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text"})
    return forms.CharField(label=label, max_length=32, widget=widget)


def _new_password_field() -> forms.CharField:
    return forms.CharField(
        label=_("New password"),
        max_length=MAX_LENGTH,
        strip=False,
        help_text=_("At least 8 characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


def _password_field(label: Any, *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=MAX_LENGTH,
        strip=False,
        required=required,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(forms.Form):
    otp = _code_field(_("Code of the app, or a recovery code"))


class FirstCodeForm(forms.Form):
    """The code that proves that the app was set up; there are no recovery codes yet."""

    otp = forms.CharField(
        label=_("Code of the app"),
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class EmptyForm(forms.Form):
    """A button with nothing to fill in."""


class EmailForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class NewPasswordForm(forms.Form):
    password = _new_password_field()


class PasswordChangeForm(forms.Form):
    """Without the present password for who has none, or has just proven who they are."""

    current_password = _password_field(_("Current password"))
    password = _new_password_field()

    def __init__(self, *args: Any, has_password: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_password:
            del self.fields["current_password"]


class ConfirmForm(forms.Form):
    """A password or a code, whichever the person has; with ``only_code`` the code alone."""

    password = _password_field(_("Password"), required=False)
    otp = _code_field(_("Code of the app, or a recovery code"))

    def __init__(
        self, *args: Any, has_password: bool, has_code: bool, only_code: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if only_code or not has_password:
            del self.fields["password"]
        if not has_code:
            del self.fields["otp"]
        # Of two that are shown either is enough.
        for field in self.fields.values():
            field.required = len(self.fields) == 1


class DeleteForm(forms.Form):
    confirm = forms.CharField(label=_("Type it here"), max_length=254)


def scope_labels(scopes: Iterable[str]) -> list[str]:
    """Return what each scope allows, in the reader's language."""
    labels = _scope_labels()
    return [labels.get(scope, scope) for scope in scopes]


def _scope_labels() -> dict[str, str]:
    rights = {READ: _("see"), WRITE: _("change")}
    return {
        value: f"{capfirst(str(label))}: {rights[right]}" for value, label, right in scope_choices()
    }


class ApiTokenForm(forms.Form):
    name = forms.CharField(label=_("What it is for"), max_length=100)
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), widget=forms.CheckboxSelectMultiple
    )
    organization = forms.ChoiceField(label=_("Where"), required=False)
    days = forms.TypedChoiceField(
        label=_("Works for"),
        coerce=int,
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("a year")), (0, _("ever"))],
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = [(str(m.organization_id), m.organization.name) for m in memberships_of(user)]
        self.fields["organization"].choices = [("", _("all my organizations")), *places]  # type: ignore[attr-defined]
        self.fields["scopes"].choices = _scope_labels().items()  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """Return what ``create_token`` takes."""
        data = self.cleaned_data
        ends_at = timezone.now() + timedelta(days=data["days"]) if data["days"] else None
        return {
            "name": data["name"],
            "scopes": data["scopes"],
            "organization_id": data["organization"] or None,
            "expires_at": ends_at,
        }
