"""/api/notifications: how and when the caller is told things."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from config.lib.drf import AuthedRequest
from notifications.api.serializers import PreferencesIn, PreferencesOut
from notifications.models import Preference
from notifications.selectors.addresses import Reach, reach_of
from notifications.services.digests import DIGEST
from notifications.services.kinds import Frequency, kinds
from notifications.services.preferences import (
    Timing,
    all_wishes,
    frequency_of,
    save_preferences,
    wishes_of,
)


class PreferencesView(APIView):
    @extend_schema(responses=PreferencesOut)
    def get(self, request: AuthedRequest) -> Response:
        """The caller's wishes, with the channels and kinds that there are."""
        return Response(_preferences(request.user, wishes_of(request.user)))

    @extend_schema(request=PreferencesIn, responses=PreferencesOut)
    def put(self, request: AuthedRequest) -> Response:
        """Replace them."""
        form = PreferencesIn(data=request.data)
        form.is_valid(raise_exception=True)
        data = dict(form.validated_data)
        offered = all_wishes()
        wanted = offered - set(data.pop("muted"))
        wishes = save_preferences(request.user, Timing(**data), offered=offered, wanted=wanted)
        return Response(_preferences(request.user, wishes))


def _preferences(user: User, wishes: Preference) -> Mapping[str, Any]:
    values = {
        "quiet_from": wishes.quiet_from,
        "quiet_to": wishes.quiet_to,
        "digest_hour": wishes.digest_hour,
        "reach": wishes.reach,
        "channel_order": wishes.channel_order,
        "frequencies": wishes.frequencies,
        "muted": wishes.muted,
        "timezone": user.timezone,
        "channels": [_channel(each) for each in reach_of(user)],
        "kinds": [_kind(name, wishes) for name, _each in kinds.items() if name != DIGEST],
    }
    return PreferencesOut(values).data


def _channel(each: Reach) -> dict[str, object]:
    return {
        "channel": each.channel.name,
        "title": each.channel.label,
        "address": each.shown,
        "state": each.state,
    }


def _kind(name: str, wishes: Preference) -> dict[str, object]:
    kind = kinds.get(name)
    frequency = Frequency.INSTANT if kind.mandatory else frequency_of(wishes, name, kind)
    return {
        "kind": name,
        "title": kind.label,
        "is_mandatory": kind.mandatory,
        "frequency": frequency.value,
    }
