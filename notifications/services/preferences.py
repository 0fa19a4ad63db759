"""What a person wishes to be told over which channel. Mandatory kinds do not ask."""

from django.db import transaction

from accounts.models import User
from notifications.models import ChannelAddress, Preference

Channel = ChannelAddress.Channel


def is_wanted(user: User, channel: Channel | str) -> bool:
    """Tell whether somebody wants notices over a channel; so long as nothing is said, yes."""
    preference = Preference.objects.filter(user=user).first()
    return preference is None or channel not in preference.muted


@transaction.atomic
def set_wanted(user: User, channel: Channel | str, *, is_wanted: bool) -> None:
    """Turn notices over a channel on or off; it counts for what is planned from now on."""
    preference, _ = Preference.objects.get_or_create(user=user)
    locked = Preference.objects.select_for_update(no_key=True).get(pk=preference.pk)
    muted = set(locked.muted) - {str(channel)}
    locked.muted = sorted(muted if is_wanted else muted | {str(channel)})
    locked.save(update_fields=["muted"])
