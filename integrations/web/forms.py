from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from integrations.models import Bot
from integrations.selectors.bots import list_bots

_CHAT_ID_LIMIT = 2**52
_SECRET = {"autocomplete": "off", "spellcheck": "false"}


class BotFields(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=128,
        required=False,
        help_text=_("For yourself. Left empty, it is the bot's own name."),
    )
    group_chat_id = forms.IntegerField(
        label=_("Group id"),
        required=False,
        min_value=-_CHAT_ID_LIMIT,
        max_value=_CHAT_ID_LIMIT,
        help_text=_(
            "Add the bot to a group with topics, as an administrator who may manage topics, and "
            "send /getid there: the bot answers with the id."
        ),
        widget=forms.TextInput(attrs={"inputmode": "text", "placeholder": "-1001234567890"}),
    )
    topic_mode = forms.BooleanField(
        label=_("A topic for each dialog"), required=False, initial=True
    )


class BotForm(BotFields):
    """A new bot."""

    token = forms.CharField(
        label=_("Token"),
        max_length=256,
        help_text=_("@BotFather gives it after /newbot. We keep it sealed and never show it."),
        widget=forms.TextInput(attrs={**_SECRET, "placeholder": "123456789:AA…"}),
    )
    field_order = ("token", "name", "group_chat_id", "topic_mode")


class BotSettingsForm(BotFields):
    """What may be changed of a bot; an empty token stays as it is."""

    token = forms.CharField(
        label=_("New token"),
        max_length=256,
        required=False,
        help_text=_("Only if you have revoked the old one."),
        widget=forms.TextInput(attrs=_SECRET),
    )
    field_order = ("name", "group_chat_id", "topic_mode", "token")


class AccountFields(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=128, help_text=_("For yourself."))
    bot = forms.ModelChoiceField(
        label=_("Bot"),
        queryset=Bot.objects.none(),
        required=False,
        empty_label=_("none: only on the site"),
        help_text=_("In its group the dialogs of this account open."),
    )

    def __init__(self, *args: object, organization: Organization, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        bots = list_bots(organization).order_by("name", "pk")
        self.fields["bot"].queryset = bots  # type: ignore[attr-defined]


class AccountForm(AccountFields):
    """A new Avito account."""

    api_client_id = forms.CharField(
        label="Client id",
        max_length=128,
        help_text=_("On Avito: Settings → API → your application."),
        widget=forms.TextInput(attrs=_SECRET),
    )
    api_client_secret = forms.CharField(
        label="Client secret",
        max_length=256,
        help_text=_("We keep it sealed and never show it."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("name", "api_client_id", "api_client_secret", "bot")


class AccountSettingsForm(AccountFields):
    """What may be changed of an account; an empty secret stays as it is."""

    api_client_secret = forms.CharField(
        label=_("New client secret"),
        max_length=256,
        required=False,
        help_text=_("Only if you have made a new one on Avito."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("name", "bot", "api_client_secret")


class DeletionForm(forms.Form):
    """Asks for the name of what is to be removed."""

    confirmation = forms.CharField(label=_("Name"))

    def __init__(self, *args: object, expected: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.expected = expected

    def clean_confirmation(self) -> str:
        typed: str = self.cleaned_data["confirmation"].strip()
        if typed != self.expected:
            raise forms.ValidationError(_("This is not the name."))
        return typed
