"""The page of the integration log. What it shows stands in the address."""

from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config.lib.pagination import paginate
from integrations.models import IntegrationLog
from integrations.selectors.log import (
    SOURCES,
    LogFilter,
    account_names,
    list_log,
    text_of,
    title_of,
)
from integrations.web.cabinet import CabinetRequest, cabinet

PAGE_SIZE = 50


class LogFilterForm(forms.Form):
    """A choice that means nothing counts as none."""

    level = forms.ChoiceField(
        label=_("Level"), choices=[("", _("any")), *IntegrationLog.Level.choices], required=False
    )
    source = forms.ChoiceField(
        label=_("Where"), choices=[("", _("anywhere")), *SOURCES.items()], required=False
    )
    account = forms.ChoiceField(label=_("Bot or account"), required=False)

    def __init__(self, data: object, *, names: dict[UUID, str]) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        choices = [(str(pk), name) for pk, name in names.items()]
        self.fields["account"].choices = [("", _("all")), *choices]  # type: ignore[attr-defined]

    def read(self) -> dict[str, str]:
        """Return what is asked for, without what means nothing."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


@require_safe
@cabinet
def show_log(request: CabinetRequest) -> HttpResponse:
    """Show what happened to the organization's bots and accounts, the newest first."""
    organization = request.membership.organization
    names = account_names(organization)
    form = LogFilterForm(request.GET, names=names)
    given = form.read()
    wanted = LogFilter(
        source=given.get("source", ""),
        level=given.get("level", ""),
        account_id=UUID(given["account"]) if "account" in given else None,
    )
    lines = list_log(organization, wanted=wanted)
    page = paginate(lines, order=("-id",), cursor=request.GET.get("cursor"), limit=PAGE_SIZE)
    context = {
        "page": page,
        "lines": [_line(line, names) for line in page.rows],
        # Bound again to what was understood, so that no complaint stands beside a filter.
        "form": LogFilterForm(given, names=names),
        "query": urlencode(given),
    }
    return render(request, "integrations/log.html", context)


def _line(line: IntegrationLog, names: dict[UUID, str]) -> dict[str, object]:
    return {
        "at": line.created_at,
        "level": line.level,
        "level_name": line.get_level_display(),
        "where": SOURCES.get(line.source, line.source),
        "account": names.get(line.account_id, "") if line.account_id else "",
        "title": title_of(line),
        "text": text_of(line),
        "correlation_id": line.correlation_id,
    }
