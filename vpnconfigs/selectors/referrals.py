"""What has come of bringing people."""

from django.db.models import Count

from accounts.models import User
from vpnconfigs.models import Referral
from vpnconfigs.selectors.settings import get_shop_settings


def referral_figures(user: User) -> dict[str, int]:
    """Return how many people somebody brought, how many were worth a reward, and which."""
    brought = Referral.objects.filter(referrer=user)
    counted = brought.aggregate(brought_count=Count("pk"), rewarded_count=Count("rewarded_at"))
    switches = get_shop_settings()
    days = switches.referral_days if switches.has_referrals else 0
    return {**counted, "reward_days": days}


def was_brought_by(newcomer: User, referrer: User) -> bool:
    """Tell whether one has come by the other's invitation."""
    return Referral.objects.filter(newcomer=newcomer, referrer=referrer).exists()
