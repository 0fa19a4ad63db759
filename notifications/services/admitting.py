"""Who deals with the platform's bot has an account, made at their first deed."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.telegram_people import obtain_person
from accounts.telegram.person import build_person
from config.lib.errors import ForbiddenError
from notifications.models import ChannelAddress
from notifications.selectors.people import find_by_telegram
from notifications.services.addresses import set_state


def admit(person: Mapping[str, Any]) -> User:
    """Return whose account it is; the same that all sign-ins find.

    :param person: who has written to the bot or pressed its button, as the Bot API's ``User``.
    :raises AppError: they may have none, or theirs is blocked.
    """
    known = find_by_telegram(person["id"]) if "id" in person else None
    if known is not None:
        return known
    user = obtain_person(build_person(person))
    if not user.is_active:
        raise ForbiddenError(_("This account is blocked."), code="account_blocked")
    set_state(user, ChannelAddress.Channel.TELEGRAM, ChannelAddress.State.ACTIVE)
    return user
