"""What customers fill in. The services judge the content; forms carry it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from vpnconfigs.links.titles import country_flag
from vpnconfigs.models import Config, Request, Tariff
from vpnconfigs.selectors.countries import country_name
from vpnconfigs.services.requests import TEXT_LENGTH

NAME_LENGTH = 64
CODE_LENGTH = 32
KEY_LENGTH = 64


class KeyedForm(forms.Form):
    """A form that does the same once however often it is sent."""

    key = forms.CharField(max_length=KEY_LENGTH, required=False, widget=forms.HiddenInput())


class OrderForm(KeyedForm):
    """A new config.

    :param tariffs: what is on offer; the first is chosen.
    :param countries: codes to choose from; with fewer than two there is no choice.
    """

    tariff = forms.ChoiceField(label=_("Tariff"), widget=forms.RadioSelect())
    country = forms.ChoiceField(label=_("Country"), required=False)
    protocol = forms.ChoiceField(
        label=_("Protocol"),
        required=False,
        help_text=_("VLESS suits nearly everybody. Take TROJAN where it does not get through."),
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        required=False,
        help_text=_("To tell it from others: “Mum's phone”, for example."),
    )
    promo_code = forms.CharField(
        label=_("Promo code"),
        max_length=CODE_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )

    def __init__(
        self,
        *args: Any,
        tariffs: Sequence[Tariff],
        countries: Sequence[str],
        protocols: Sequence[str],
        has_promo_codes: bool,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        choice(self, "tariff").choices = [(str(each.pk), each.name) for each in tariffs]
        choice(self, "country").choices = country_choices(countries, first=_("the fastest for you"))
        choice(self, "protocol").choices = [
            (code, Config.Protocol(code).label) for code in protocols
        ]
        self._drop("country", len(countries) < 2)
        self._drop("protocol", len(protocols) < 2)
        self._drop("promo_code", not has_promo_codes)

    def _drop(self, name: str, is_needless: bool) -> None:
        if is_needless:
            del self.fields[name]


class RenewalForm(KeyedForm):
    """A renewal: by its own tariff, or by one that is chosen."""

    tariff = forms.ChoiceField(label=_("Tariff"), required=False)
    promo_code = forms.CharField(label=_("Promo code"), max_length=CODE_LENGTH, required=False)

    def __init__(self, *args: Any, tariffs: Sequence[Tariff], **options: Any) -> None:
        super().__init__(*args, **options)
        choice(self, "tariff").choices = [(str(each.pk), each.name) for each in tariffs]


class NameForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH)


class CountryForm(forms.Form):
    country = forms.ChoiceField(label=_("Country"))

    def __init__(self, *args: Any, countries: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        choice(self, "country").choices = country_choices(countries)


class DeletionForm(forms.Form):
    """The name, typed once more."""

    confirmation = forms.CharField(max_length=NAME_LENGTH)

    def __init__(self, *args: Any, expected: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.expected = expected

    def clean_confirmation(self) -> str:
        given = str(self.cleaned_data["confirmation"])
        if given != self.expected.strip():
            raise forms.ValidationError(_("This is not the name."))
        return given


class RequestForm(forms.Form):
    """Something asked of the staff.

    :param tariffs: those that are given on request.
    :param configs: the person's own, to say which one is meant.
    """

    kind = forms.ChoiceField(
        label=_("What is it about?"),
        choices=[
            (Request.Kind.SUPPORT, _("I need help")),
            (Request.Kind.ACCESS, _("I would like a config")),
            (Request.Kind.RENEWAL, _("I would like a renewal")),
        ],
    )
    config = forms.ChoiceField(label=_("Which config?"), required=False)
    tariff = forms.ChoiceField(label=_("Tariff"), required=False)
    text = forms.CharField(
        label=_("Message"),
        max_length=TEXT_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(
        self, *args: Any, tariffs: Sequence[Tariff], configs: Sequence[Config], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        choice(self, "config").choices = [
            ("", _("none in particular")),
            *((str(each.pk), each.name) for each in configs),
        ]
        choice(self, "tariff").choices = [
            ("", _("whichever fits")),
            *((str(each.pk), each.name) for each in tariffs),
        ]
        if not configs:
            del self.fields["config"]
        if not tariffs:
            del self.fields["tariff"]


class MessageForm(forms.Form):
    text = forms.CharField(label=_("Message"), max_length=TEXT_LENGTH)


class ClaimForm(forms.Form):
    text = forms.CharField(
        label=_("Your link"),
        strip=True,
        max_length=1_000_000,
        widget=forms.Textarea(
            attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off", "class": "claim-text"}
        ),
        help_text=_("vless:// or trojan://, or the https:// address of your subscription."),
    )


class GiftForm(KeyedForm):
    """A gift to buy."""

    tariff = forms.ChoiceField(label=_("Tariff"), widget=forms.RadioSelect())

    def __init__(self, *args: Any, tariffs: Sequence[Tariff], **options: Any) -> None:
        super().__init__(*args, **options)
        choice(self, "tariff").choices = [(str(each.pk), each.name) for each in tariffs]


class RedeemForm(forms.Form):
    """A gift to take: as a new config, or onto one of one's own."""

    config = forms.ChoiceField(label=_("Use it for"), required=False)

    def __init__(self, *args: Any, configs: Sequence[Config], **options: Any) -> None:
        super().__init__(*args, **options)
        choice(self, "config").choices = [
            ("", _("one more config")),
            *((str(each.pk), each.name) for each in configs),
        ]


class GiftCodeForm(forms.Form):
    code = forms.CharField(
        label=_("Gift code"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )


def choice(form: forms.Form, name: str) -> forms.ChoiceField:
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(name)
    return field


def country_choices(countries: Sequence[str], *, first: Any = None) -> list[tuple[str, Any]]:
    named = [(code, f"{country_flag(code)} {country_name(code)}".strip()) for code in countries]
    return named if first is None else [("", first), *named]
