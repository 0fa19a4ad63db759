"""The page of what answers by itself: settings, what happens next, what was sent."""

import zoneinfo
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages as notes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import Organization
from accounts.selectors.organizations import may_manage
from accounts.web.forms import add_refusal
from config.lib.errors import InputError
from dialogs.models import AutoReplySettings
from dialogs.selectors.auto_replies import get_auto_reply_settings, list_auto_replies
from dialogs.services.auto_reply_settings import (
    MAX_DELAY_SECONDS,
    MIN_DELAY_SECONDS,
    change_settings,
    read_settings,
)
from dialogs.services.auto_reply_windows import next_window, window_at
from dialogs.services.messages import MAX_TEXT
from integrations.web.cabinet import CabinetRequest, cabinet, require_manager

SHOWN = 20
_CLOCK = "%H:%M"


def _zones() -> list[tuple[str, str]]:
    return [(zone, zone) for zone in sorted(zoneinfo.available_timezones())]


class ClockField(forms.TimeField):
    """A time of day in hours and minutes."""

    widget = forms.TimeInput(format=_CLOCK, attrs={"type": "time"})
    input_formats = (_CLOCK,)


class AutoReplyForm(forms.Form):
    """The auto-reply's settings under their outer names."""

    auto_reply_enabled = forms.BooleanField(
        label=gettext_lazy("Answer buyers when nobody else does"), required=False
    )
    auto_reply_always = forms.TypedChoiceField(
        label=gettext_lazy("When"),
        choices=[
            ("True", gettext_lazy("at any time")),
            ("False", gettext_lazy("during certain hours")),
        ],
        coerce=lambda value: value == "True",
    )
    auto_reply_start_time = ClockField(label=gettext_lazy("From"), required=False)
    auto_reply_end_time = ClockField(label=gettext_lazy("Until"), required=False)
    auto_reply_timezone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=_zones)
    auto_reply_delay_seconds = forms.IntegerField(
        label=gettext_lazy("Delay, seconds"),
        min_value=MIN_DELAY_SECONDS,
        max_value=MAX_DELAY_SECONDS,
    )
    auto_reply_text = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": MAX_TEXT}),
    )


@dataclass(frozen=True, slots=True)
class Outlook:
    """What happens next: ``state`` is active, inactive (silent now) or off."""

    state: str
    title: str
    text: str


@require_http_methods(["GET", "HEAD", "POST"])
@cabinet
def show_automations(request: CabinetRequest) -> HttpResponse:
    """Show the auto-reply to every member; let owners and admins change it."""
    organization = request.membership.organization
    if request.method != "POST":
        return _show(request, AutoReplyForm(initial=read_settings(organization)))
    require_manager(request)
    form = AutoReplyForm(request.POST)
    if form.is_valid() and _is_saved(request, form):
        notes.success(request, _("Saved."))
        return redirect("dialogs:automations")
    return _show(request, form, status=400)


def describe_outlook(settings: AutoReplySettings, now: datetime) -> Outlook:
    """Return what the auto-reply does from ``now`` on, in the active language."""
    if not settings.enabled:
        text = _("Nobody is answered automatically.")
        return Outlook("off", _("Switched off"), text)
    if settings.always:
        return Outlook("active", _("Active at any time"), _once(settings))
    window = window_at(settings, now)
    if window is not None:
        title = _("Active now, until %(time)s") % {"time": time_format(window.ends)}
        return Outlook("active", title, _once(settings))
    coming = next_window(settings, now)
    if coming is None:
        return Outlook("off", _("Switched off"), _("No hours are chosen."))
    title = _("Silent now, active from %(time)s") % {"time": time_format(coming.begins)}
    text = _("By the clock of %(zone)s.") % {"zone": settings.timezone}
    return Outlook("inactive", title, text)


def _once(settings: AutoReplySettings) -> str:
    wait = ngettext(
        "Buyers who get no answer within %(count)d second are answered automatically.",
        "Buyers who get no answer within %(count)d seconds are answered automatically.",
        settings.delay_seconds,
    ) % {"count": settings.delay_seconds}
    if settings.always:
        limit = _("Once in a conversation; a new one begins after a day of your silence.")
    else:
        limit = _("Once within the hours, and not if one of you has answered in them.")
    return f"{wait} {limit}"


def _is_saved(request: CabinetRequest, form: AutoReplyForm) -> bool:
    organization = request.membership.organization
    try:
        change_settings(request.user, organization, form.cleaned_data)
    except InputError as error:
        add_refusal(form, error)
        return False
    return True


def _show(request: CabinetRequest, form: AutoReplyForm, *, status: int = 200) -> HttpResponse:
    organization: Organization = request.membership.organization
    settings = get_auto_reply_settings(organization)
    context = {
        "form": form,
        "settings": settings,
        "outlook": describe_outlook(settings, timezone.now()),
        "replies": list_auto_replies(organization)[:SHOWN],
        "can_manage": may_manage(request.membership),
        "max_text_length": MAX_TEXT,
    }
    return render(request, "dialogs/automations.html", context, status=status)
