"""What a code opens that somebody has been given: a gift, or an invitation."""

from django.utils import timezone

from vpnconfigs.models import Gift, ReferralCode


def find_open_gift(code: str) -> Gift | None:
    """Return the gift of a code, or ``None``: unknown, taken and too old look the same."""
    rows = Gift.objects.filter(code=_clean(code), taken_at=None, expires_at__gt=timezone.now())
    return rows.select_related("tariff", "purchase__user").first()


def find_referral_code(code: str) -> ReferralCode | None:
    """Return an invitation's code as it is stored, with whose it is."""
    rows = ReferralCode.objects.filter(code=_clean(code), user__is_active=True)
    return rows.select_related("user").first()


def _clean(code: str) -> str:
    """Return a code as it is stored, however it was typed."""
    return "".join(code.replace("\x00", "").replace("-", "").split()).upper()
