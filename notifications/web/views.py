"""What a person is told, and where."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from accounts.web.requests import SignedInRequest
from notifications.selectors.addresses import Reach, reach_of
from notifications.services.kinds import kinds
from notifications.services.preferences import SITE, muted_by, set_wishes, wish


class PreferencesView(LoginRequiredMixin, TemplateView):
    """The channels that reach a person, and of each kind of notice whether it is wanted there."""

    request: SignedInRequest
    template_name = "notifications/preferences.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        reach, muted = reach_of(self.request.user), muted_by(self.request.user)
        return super().get_context_data(
            channels=[_channel(each, muted) for each in reach],
            optional=[_kind(name, reach, muted) for name in _kinds(mandatory=False)],
            mandatory=[{"label": kinds.get(name).label} for name in _kinds(mandatory=True)],
            **kwargs,
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the ticks; boxes that the page does not show keep what they were."""
        user = self.request.user
        set_wishes(user, offered=_offered(reach_of(user)), wanted=request.POST.getlist("wanted"))
        messages.success(request, _("Saved."))
        return redirect("notifications:preferences")


def _kinds(*, mandatory: bool) -> list[str]:
    return [name for name, kind in kinds.items() if kind.mandatory is mandatory]


def _offered(reach: list[Reach]) -> list[str]:
    channels = [each.channel.name for each in reach if each.address]
    named = ("", *_kinds(mandatory=False))
    over = [wish(channel, kind) for channel in channels for kind in named]
    return [*over, *(wish(SITE, kind) for kind in _kinds(mandatory=False))]


def _channel(each: Reach, muted: frozenset[str]) -> dict[str, Any]:
    return {
        "channel": each.channel.name,
        "label": each.channel.label,
        "address": each.shown,
        "icon": each.channel.icon,
        "add_url": reverse(each.channel.add_url),
        "state": each.state,
        "is_wanted": wish(each.channel.name) not in muted,
    }


def _kind(name: str, reach: list[Reach], muted: frozenset[str]) -> dict[str, Any]:
    boxes = [
        {
            "value": wish(each.channel.name, name),
            "label": each.channel.label,
            "is_wanted": wish(each.channel.name, name) not in muted,
        }
        for each in reach
        if each.address
    ]
    on_site = {"value": wish(SITE, name), "label": _("on the site")}
    boxes.append({**on_site, "is_wanted": wish(SITE, name) not in muted})
    return {"label": kinds.get(name).label, "boxes": boxes}
