"""The only way to lock rows of this app: always inside a transaction.

Order: subscription links by id, then configs by id.
"""

from vpnconfigs.models import SubscriptionLink


def lock_subscription(subscription_id: int) -> SubscriptionLink | None:
    """Lock and return a subscription link, or ``None`` if it is gone.

    Without the key: configs that point at it are written meanwhile.
    """
    return (
        SubscriptionLink.objects.select_for_update(no_key=True).filter(pk=subscription_id).first()
    )
