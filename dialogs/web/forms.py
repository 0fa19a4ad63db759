from django import forms
from django.utils.translation import gettext_lazy as _

from dialogs.models import Dialog
from dialogs.services.messages import MAX_TEXT
from dialogs.services.tags import MAX_LENGTH, MAX_TAGS


class MessageForm(forms.Form):
    """Words, a picture, or both."""

    text = forms.CharField(
        label=_("Answer"), max_length=MAX_TEXT, required=False, widget=forms.Textarea
    )
    image = forms.FileField(label=_("Picture"), required=False)


class StatusForm(forms.Form):
    status = forms.ChoiceField(label=_("Status"), choices=Dialog.Status.choices)


class DetailsForm(forms.Form):
    """Whose a dialog is, and its tags, written with commas between them."""

    assignee = forms.IntegerField(label=_("Assignee"), min_value=1, required=False)
    tags = forms.CharField(label=_("Tags"), max_length=MAX_TAGS * (MAX_LENGTH + 2), required=False)

    def clean_tags(self) -> list[str]:
        written: str = self.cleaned_data["tags"]
        return written.split(",")
