"""The second factor, asked for wherever a person who has one signs in."""

import re

from django.utils.translation import gettext_lazy as _
from django_otp import match_token, user_has_device

from accounts.models import User
from config.lib.errors import NotSignedInError

# Six digits of an app, or a recovery code.
_CODE = re.compile(r"[0-9A-Za-z-]{4,32}")


def check_otp(user: User, code: str) -> None:
    """Refuse a person with a confirmed device who does not show its code.

    Call it outside of transactions: a wrong code must count although the sign-in is refused.

    :raises NotSignedInError: ``otp_required``: there is a device, and no code was given;
        ``otp_invalid``: the code is wrong, or too many wrong ones came before.
    """
    if not user_has_device(user, confirmed=True):
        return
    wanted = code.strip().replace(" ", "")
    if not wanted:
        raise NotSignedInError(_("Enter the code of your second factor."), code="otp_required")
    if not _CODE.fullmatch(wanted) or match_token(user, wanted) is None:
        raise NotSignedInError(_("This code is not right."), code="otp_invalid")
