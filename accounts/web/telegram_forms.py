from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.selectors.organizations import memberships_of
from accounts.services.totp import has_second_factor

OTP_LENGTH = 64


class LinkForm(forms.Form):
    """What a sign-in link still has to ask.

    :param known: whose account it opens; of who is known only what is missing is asked.
    """

    token = forms.CharField(max_length=64, widget=forms.HiddenInput)
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )
    name = forms.CharField(
        label=_("Your name"),
        max_length=128,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    otp = forms.CharField(
        label=_("Code of the app, or a recovery code"),
        max_length=OTP_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )

    def __init__(self, *args: object, known: User | None = None, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # Django's own, passed on
        if known is not None:
            del self.fields["name"]
        if known is not None and (known.email or memberships_of(known)):
            del self.fields["email"]
        if known is None or not has_second_factor(known):
            del self.fields["otp"]
