"""The address at which a person's VPN app finds all of their configs."""

import logging
import secrets

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from accounts.models import User
from accounts.services.audit import record_audit
from config.lib.errors import NotFoundError
from vpnconfigs.models import SubscriptionLink
from vpnconfigs.selectors.locks import lock_subscription

logger = logging.getLogger(__name__)

READER_LENGTH = 200

_NOTE = """
UPDATE vpnconfigs_subscriptionlink SET last_read_at = now(), last_reader = %(reader)s
 WHERE id = (SELECT id FROM vpnconfigs_subscriptionlink WHERE id = %(id)s
               FOR NO KEY UPDATE SKIP LOCKED)
"""


def subscription_of(user: User) -> SubscriptionLink:
    """Return a person's link, made when there is none yet; two at once get the same one."""
    link, _is_new = SubscriptionLink.objects.get_or_create(
        user=user, defaults={"token": new_token()}
    )
    return link


def new_token() -> str:
    """Return a token for a link: 256 random bits."""
    return secrets.token_urlsafe(32)


def subscription_url(link: SubscriptionLink) -> str:
    """Return the whole address, for apps and for QR codes."""
    return f"{settings.SITE_URL}/sub/{link.token}"


@transaction.atomic
def renew_token(*, actor: User, user: User) -> SubscriptionLink:
    """Give a person's subscription a new address; the old one opens nothing from now on.

    The devices are forgotten: each comes anew with the new address. The secrets inside stay as
    they are, and with them whatever an app has read already.

    :raises NotFoundError: it is somebody else's, and the actor is not staff.
    """
    if actor.pk != user.pk and not actor.is_staff:
        raise NotFoundError
    link = lock_subscription(subscription_of(user).pk)
    if link is None:
        raise NotFoundError
    link.token = new_token()
    link.last_read_at, link.last_reader = None, ""
    SubscriptionLink.objects.filter(pk=link.pk).update(
        token=link.token, renewed_at=Now(), last_read_at=None, last_reader=""
    )
    link.devices.all().delete()
    record_audit(
        actor=actor, action="vpn_subscription.renewed", target=f"vpn_subscription:{link.pk}"
    )
    link.refresh_from_db(fields=["renewed_at"])
    return link


def note_read(*, subscription_id: int, reader: str) -> None:
    """Write down who read a subscription last. Never waits, and a failure is only logged."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(_NOTE, {"id": subscription_id, "reader": reader[:READER_LENGTH]})
    except DatabaseError as error:
        logger.warning("reading not noted", extra={"error": type(error).__name__})
