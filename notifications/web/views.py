"""What a person is told, when and where."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from accounts.web.forms import add_refusal
from accounts.web.requests import SignedInRequest
from config.lib.errors import InputError
from notifications.selectors.addresses import Reach, reach_of
from notifications.services.kinds import kinds
from notifications.services.preferences import (
    optional_kinds,
    save_preferences,
    wish,
    wishes_of,
)
from notifications.web.forms import TimingForm


class PreferencesView(LoginRequiredMixin, TemplateView):
    """The channels that reach a person, and of each kind of notice whether it is wanted there."""

    request: SignedInRequest
    template_name = "notifications/preferences.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        reach, wishes = reach_of(user), wishes_of(user)
        form = kwargs.pop("form", None) or TimingForm(wishes=wishes, reach=reach)
        muted = frozenset(wishes.muted)
        return super().get_context_data(
            form=form,
            channels=[_channel(each, muted) for each in reach],
            optional=[_kind(name, reach, muted, form) for name, _each in optional_kinds()],
            mandatory=[{"label": kind.label} for _name, kind in kinds.items() if kind.mandatory],
            **kwargs,
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep what was chosen; boxes that the page does not show keep what they were."""
        user = self.request.user
        reach = reach_of(user)
        form = TimingForm(request.POST, wishes=wishes_of(user), reach=reach)
        if not form.is_valid() or not self._is_saved(form, reach):
            return self.render_to_response(self.get_context_data(form=form), status=400)
        messages.success(request, _("Saved."))
        return redirect("notifications:preferences")

    def _is_saved(self, form: TimingForm, reach: list[Reach]) -> bool:
        wanted = self.request.POST.getlist("wanted")
        try:
            save_preferences(
                self.request.user, form.timing(), offered=_offered(reach), wanted=wanted
            )
        except InputError as error:
            add_refusal(form, error)
            return False
        return True


def _offered(reach: list[Reach]) -> list[str]:
    channels = [each.channel.name for each in reach if each.address]
    named = ("", *(name for name, _kind in optional_kinds()))
    return [wish(channel, kind) for channel in channels for kind in named]


def _channel(each: Reach, muted: frozenset[str]) -> dict[str, Any]:
    return {
        "channel": each.channel.name,
        "label": each.channel.label,
        "icon": each.channel.icon,
        "add_url": reverse(each.channel.add_url),
        "address": each.shown,
        "state": each.state,
        "is_wanted": wish(each.channel.name) not in muted,
    }


def _kind(name: str, reach: list[Reach], muted: frozenset[str], form: TimingForm) -> dict[str, Any]:
    boxes = [
        {
            "value": wish(each.channel.name, name),
            "label": each.channel.label,
            "is_wanted": wish(each.channel.name, name) not in muted,
        }
        for each in reach
        if each.address
    ]
    return {"label": kinds.get(name).label, "boxes": boxes, "frequency": form[f"frequency:{name}"]}
