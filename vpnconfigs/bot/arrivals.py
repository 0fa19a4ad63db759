"""``/start ref-<code>``: somebody comes to the platform's bot by another one's invitation."""

from django.utils.translation import gettext as _

from config.lib.errors import AppError
from notifications.services.admitting import admit
from notifications.services.start_payloads import Start, StartAnswer
from vpnconfigs.selectors.settings import get_shop_settings
from vpnconfigs.services.referrals import come_by

PREFIX = "ref"


def greet_invited(start: Start) -> StartAnswer | None:
    """Note who brought them and greet; what hinders it is said, and they are greeted all the same.

    Whoever follows an invitation gets an account at once, as by any other deed.
    """
    if not get_shop_settings().has_referrals:
        return None
    try:
        referral = come_by(newcomer=admit(start.person), code=start.rest)
    except AppError as error:
        words = str(error.fields[0].message if error.fields else error.detail)
        return StartAnswer(words, is_greeted=True)
    text = _("%(name)s has invited you. Choose a tariff and connect in two minutes.")
    return StartAnswer(text % {"name": referral.referrer.display_name}, is_greeted=True)
