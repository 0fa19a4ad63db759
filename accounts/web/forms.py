"""What people fill in. The services judge the content; forms carry it and show what was refused."""

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.passwords import MAX_LENGTH
from config.lib.errors import AppError


def add_refusal(form: forms.BaseForm, error: AppError) -> None:
    """Show a service's refusal on a form: beside the fields to blame, or above all."""
    if not error.fields:
        form.add_error(_field_of(form, error), str(error.detail))
    for item in error.fields:
        form.add_error(item.field if item.field in form.fields else None, str(item.message))


def drop_autofocus(form: forms.BaseForm) -> None:
    """Leave the focus of a refused form to the summary of what is wrong."""
    for field in form.fields.values():
        field.widget.attrs.pop("autofocus", None)


def _zones() -> list[tuple[str, str]]:
    return [(zone, zone) for zone in sorted(zoneinfo.available_timezones())]


_FIELDS_BY_CODE = {"email_taken": "email", "username_taken": "username", "otp_invalid": "otp"}


def _field_of(form: forms.BaseForm, error: AppError) -> str | None:
    name = _FIELDS_BY_CODE.get(error.error_code)
    return name if name in form.fields else None


class LoginForm(forms.Form):
    login = forms.CharField(
        label=_("E-mail or user name"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=MAX_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class RegisterForm(forms.Form):
    """What a new person enters.

    :param opens_organization: they get one of their own, and may name it.
    """

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )
    first_name = forms.CharField(
        label=_("Your name"),
        max_length=128,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    organization_name = forms.CharField(
        label=_("Name of the organization"),
        max_length=128,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=MAX_LENGTH,
        strip=False,
        help_text=_("At least 8 characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, opens_organization: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        if not opens_organization:
            del self.fields["organization_name"]


class ProfileForm(forms.Form):
    """The fields of ``update_profile``."""

    first_name = forms.CharField(label=_("First name"), max_length=128, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=128, required=False)
    lang_code = forms.ChoiceField(
        label=_("Language"),
        choices=[("", _("as in the browser")), *settings.LANGUAGES],
        required=False,
    )
    timezone = forms.ChoiceField(label=_("Time zone"), choices=_zones)
    theme = forms.ChoiceField(label=_("Theme"), choices=User.Theme.choices)


class OrganizationForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=128)


class LanguageForm(forms.Form):
    language = forms.ChoiceField(choices=settings.LANGUAGES)
