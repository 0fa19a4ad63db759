"""What a code opens that somebody has been given: a gift, or an invitation."""

from django.utils import timezone

from accounts.models import User
from vpnconfigs.models import Gift, ReferralCode


def find_open_gift(code: str) -> Gift | None:
    """Return the gift of a code, or ``None``: unknown, taken and too old look the same."""
    rows = Gift.objects.filter(code=_clean(code), taken_at=None, expires_at__gt=timezone.now())
    return rows.select_related("tariff", "purchase__user").first()


def find_referrer(code: str) -> User | None:
    """Return whose invitation a code is."""
    rows = ReferralCode.objects.filter(code=_clean(code), user__is_active=True)
    found = rows.select_related("user").first()
    return found.user if found is not None else None


def _clean(code: str) -> str:
    """Return a code as it is stored, however it was typed."""
    return "".join(code.replace("\x00", "").replace("-", "").split()).upper()
