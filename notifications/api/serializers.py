from typing import Any

from rest_framework import serializers

from notifications.models import ChannelAddress, Preference
from notifications.services.kinds import Frequency

FREQUENCIES = [each.value for each in Frequency]
MOST_WISHES = 500


class PreferencesIn(serializers.Serializer[Any]):
    """Everything at once: what is left out is as if nothing had been said."""

    quiet_from = serializers.TimeField(
        allow_null=True, default=None, help_text="On the clocks of the caller's time zone."
    )
    quiet_to = serializers.TimeField(allow_null=True, default=None)
    digest_hour = serializers.IntegerField(min_value=0, max_value=23, default=9)
    reach = serializers.ChoiceField(Preference.Reach.choices, default=Preference.Reach.ALL)
    channel_order = serializers.ListField(
        child=serializers.CharField(max_length=16), max_length=16, default=list
    )
    frequencies = serializers.DictField(
        child=serializers.ChoiceField(FREQUENCIES),
        default=dict,
        help_text="By kind, where it is another than the kind's own.",
    )
    muted = serializers.ListField(
        child=serializers.CharField(max_length=96),
        max_length=MOST_WISHES,
        default=list,
        help_text='A channel, or a kind over it: "email", "email:dialogs.no_answer".',
    )


class ChannelOut(serializers.Serializer[Any]):
    channel = serializers.CharField()
    title = serializers.CharField()
    address = serializers.CharField(help_text="Empty where there is none.")
    state = serializers.ChoiceField(ChannelAddress.State.choices)


class NotificationKindOut(serializers.Serializer[Any]):
    kind = serializers.CharField()
    title = serializers.CharField()
    is_mandatory = serializers.BooleanField(help_text="Told in any case, at once.")
    frequency = serializers.ChoiceField(FREQUENCIES)


class PreferencesOut(PreferencesIn):
    timezone = serializers.CharField()
    channels = ChannelOut(many=True)
    kinds = NotificationKindOut(many=True)
