"""What people fill in about an organization."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership


class InvitationForm(forms.Form):
    """An offer; the roles are those that its maker may give."""

    role = forms.ChoiceField(
        label=_("Role"),
        help_text=_("A manager answers in dialogs; an admin also connects bots and accounts."),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        required=False,
        help_text=_("We send the link there. Left empty, you hand it over yourself."),
    )

    def __init__(self, *args: Any, roles: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(value, capfirst(str(label))) for value, label in roles]  # type: ignore[attr-defined]


class OrganizationNameForm(forms.Form):
    name = forms.CharField(
        label=_("Name of the organization"),
        max_length=128,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )


class TransferForm(forms.Form):
    """To whom an organization goes, and its name typed out.

    :param heirs: the members who may be given it.
    """

    member_id = forms.TypedChoiceField(label=_("New owner"), coerce=int)
    confirmation = forms.CharField(
        label=_("Name of the organization, to confirm"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, name: str, heirs: list[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._name = name
        choices = [(row.pk, _named(row)) for row in heirs]
        self.fields["member_id"].choices = choices  # type: ignore[attr-defined]

    def clean_confirmation(self) -> str:
        """Refuse anything but the organization's name; spaces and capitals do not matter."""
        typed = " ".join(str(self.cleaned_data["confirmation"]).split())
        if typed.casefold() != self._name.casefold():
            raise forms.ValidationError(
                _("Type “%(name)s”."), code="mismatch", params={"name": self._name}
            )
        return typed


def _named(row: Membership) -> str:
    person = row.user
    return f"{person.display_name} ({person.email})" if person.email else person.display_name
