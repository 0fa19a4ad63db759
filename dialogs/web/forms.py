from django import forms
from django.utils.translation import gettext_lazy as _

from dialogs.models import Dialog
from dialogs.services.messages import MAX_TEXT


class MessageForm(forms.Form):
    text = forms.CharField(label=_("Answer"), max_length=MAX_TEXT, widget=forms.Textarea)


class StatusForm(forms.Form):
    status = forms.ChoiceField(label=_("Status"), choices=Dialog.Status.choices)
