"""The auto-reply's settings as fields of ``/api/clients/{id}``."""

import zoneinfo
from typing import Any

from rest_framework import serializers

from dialogs.services.auto_reply_settings import MAX_DELAY_SECONDS, MIN_DELAY_SECONDS
from dialogs.services.messages import MAX_TEXT

_CLOCK = "%H:%M"
_LONGEST_ZONE = max(map(len, zoneinfo.available_timezones()))


def _time(help_text: str) -> serializers.TimeField:
    return serializers.TimeField(
        format=_CLOCK,
        input_formats=[_CLOCK],
        allow_null=True,
        required=False,
        help_text=f"HH:MM in the time zone below; {help_text}",
    )


class AutoReplyFields(serializers.Serializer[Any]):
    auto_reply_enabled = serializers.BooleanField(required=False)
    auto_reply_always = serializers.BooleanField(
        required=False, help_text="At any time; otherwise between start and end."
    )
    auto_reply_start_time = _time("null: not chosen.")
    auto_reply_end_time = _time("before the start: on the next day.")
    auto_reply_timezone = serializers.CharField(
        max_length=_LONGEST_ZONE, required=False, help_text="An IANA name, such as Europe/Moscow."
    )
    auto_reply_text = serializers.CharField(max_length=MAX_TEXT, allow_blank=True, required=False)
    auto_reply_delay_seconds = serializers.IntegerField(
        min_value=MIN_DELAY_SECONDS,
        max_value=MAX_DELAY_SECONDS,
        required=False,
        help_text="How long a buyer waits for a person before the auto-reply goes out.",
    )
