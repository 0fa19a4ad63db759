"""What a person has brought to the shop."""

from dataclasses import dataclass

from django.db.models import Count

from accounts.models import User
from vpnconfigs.models import Referral, ReferralCode


@dataclass(frozen=True, slots=True)
class Brought:
    """How many people came by somebody, and for how many of them a reward was given."""

    people: int
    rewarded: int


def brought_by(user: User) -> Brought:
    """Return what a person's invitations have come to."""
    found = Referral.objects.filter(referrer=user).aggregate(
        people=Count("pk"), rewarded=Count("rewarded_at")
    )
    return Brought(people=found["people"], rewarded=found["rewarded"])


def find_referrer(code: str) -> User | None:
    """Return whose a code is."""
    wanted = "".join(code.replace("\x00", "").split()).upper()
    found = ReferralCode.objects.select_related("user").filter(code=wanted).first()
    return found.user if found is not None and found.user.is_active else None
