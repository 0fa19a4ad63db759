"""The address at which a person's VPN app finds all of their configs."""

import secrets

from django.conf import settings

from accounts.models import User
from vpnconfigs.models import SubscriptionLink


def subscription_of(user: User) -> SubscriptionLink:
    """Return a person's link, made when there is none yet; two at once get the same one."""
    link, _is_new = SubscriptionLink.objects.get_or_create(
        user=user, defaults={"token": secrets.token_urlsafe(32)}
    )
    return link


def subscription_url(link: SubscriptionLink) -> str:
    """Return the whole address, for apps and for QR codes."""
    return f"{settings.SITE_URL}/sub/{link.token}"
