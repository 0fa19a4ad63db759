"""What of the inbox a visitor wants to see. It stands in the address, so it survives a reload."""

from collections.abc import Mapping
from dataclasses import dataclass

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.http import urlencode

from accounts.models import User
from dialogs.models import Dialog
from dialogs.selectors.dialogs import DialogFilter
from dialogs.services.tags import MAX_LENGTH

MAX_SEARCH = 100
ME, NOBODY = "me", "none"


class _FilterForm(forms.Form):
    status = forms.ChoiceField(choices=Dialog.Status.choices, required=False)
    assignee = forms.RegexField(r"^(none|me|[1-9][0-9]{0,17})$", required=False)
    tag = forms.CharField(max_length=MAX_LENGTH, required=False)
    unread = forms.BooleanField(required=False)
    q = forms.CharField(max_length=MAX_SEARCH, required=False)


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """What is wanted, and how the address says it; what means nothing is left out."""

    wanted: DialogFilter
    given: Mapping[str, str]

    @property
    def query(self) -> str:
        return urlencode(self.given)

    @property
    def query_without_status(self) -> str:
        return urlencode({name: text for name, text in self.given.items() if name != "status"})

    @property
    def is_narrow(self) -> bool:
        """Say whether anything but the status is asked for."""
        return bool(set(self.given) - {"status", "q"})


def read_filter(request: HttpRequest) -> InboxFilter:
    """Return what the address asks for."""
    cleaned = _clean(request.GET)
    user = request.user
    assignee = cleaned.get("assignee", "")
    me = user.pk if isinstance(user, User) and assignee == ME else None
    wanted = DialogFilter(
        status=cleaned.get("status", ""),
        assignee_id=int(assignee) if assignee.isdigit() else me,
        is_unassigned=assignee == NOBODY,
        tag=cleaned.get("tag", ""),
        is_unread="unread" in cleaned,
        search=cleaned.get("q", ""),
    )
    return InboxFilter(wanted, cleaned)


def _clean(query: QueryDict) -> dict[str, str]:
    form = _FilterForm(query)
    form.is_valid()
    # Only fields without mistakes are in ``cleaned_data``.
    found = {name: value for name, value in form.cleaned_data.items() if value}
    return {name: "1" if value is True else str(value) for name, value in found.items()}
