"""Devices that read a subscription, and how many may.

Apps such as Happ and v2RayTun name their device (``x-hwid``); only these are counted. An app that
names none is served: its addresses are what ``ip_limit`` counts, on the panel itself.
"""

import logging
from dataclasses import dataclass

from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from accounts.models import User
from accounts.services.audit import record_audit
from config.lib.errors import NotFoundError
from vpnconfigs.models import Device
from vpnconfigs.selectors.locks import lock_subscription
from vpnconfigs.selectors.subscriptions import Subscription

logger = logging.getLogger(__name__)

# Of a subscription without a limit: beyond that the longest unseen one is forgotten.
MOST_KEPT = 50

_TOUCH = """
UPDATE vpnconfigs_device SET last_seen_at = now(), app = %(app)s, os_version = %(os_version)s
 WHERE id = (SELECT id FROM vpnconfigs_device WHERE id = %(id)s FOR NO KEY UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDevice:
    """A device as its app names it, cut to what a row holds. Nothing of it is proven."""

    hwid: str
    platform: str = ""
    os_version: str = ""
    model: str = ""
    app: str = ""


def admit(subscription: Subscription, device: NamedDevice, *, limit: int) -> bool:
    """Tell whether a device may read, and write it down if it is new.

    :param limit: how many may; 0 for any number. Who was let in before is let in again.
    """
    if subscription.device_id is None:
        return register_device(subscription_id=subscription.id, device=device, limit=limit)
    if subscription.is_device_due:
        _touch(subscription.device_id, device)
    return True


@transaction.atomic
def register_device(*, subscription_id: int, device: NamedDevice, limit: int) -> bool:
    """Take a place for a device; False when none is left. Locks the subscription."""
    if lock_subscription(subscription_id) is None:
        return False
    devices = Device.objects.filter(subscription_id=subscription_id)
    hwids = list(devices.order_by("last_seen_at", "pk").values_list("hwid", flat=True))
    if device.hwid in hwids:
        return True
    if limit and len(hwids) >= limit:
        return False
    if len(hwids) >= max(limit, MOST_KEPT):
        devices.filter(hwid=hwids[0]).delete()
    Device.objects.create(
        subscription_id=subscription_id,
        hwid=device.hwid,
        platform=device.platform,
        os_version=device.os_version,
        model=device.model,
        app=device.app,
        last_seen_at=Now(),
    )
    return True


@transaction.atomic
def remove_device(*, actor: User, device_id: int) -> None:
    """Free a device's place. What its app has read already stays there until it reads again.

    :raises NotFoundError: there is none, or it is somebody else's and the actor is not staff.
    """
    found = Device.objects.filter(pk=device_id).select_related("subscription")
    if not actor.is_staff:
        found = found.filter(subscription__user=actor)
    device = found.first()
    if device is None or lock_subscription(device.subscription_id) is None:
        raise NotFoundError
    device.delete()
    record_audit(
        actor=actor,
        action="vpn_device.removed",
        target=f"vpn_subscription:{device.subscription_id}",
        details={"model": device.model, "platform": device.platform},
    )


def _touch(device_id: int, device: NamedDevice) -> None:
    """Note that a device is still there. Never waits, and a failure is only logged."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                _TOUCH, {"id": device_id, "app": device.app, "os_version": device.os_version}
            )
    except DatabaseError as error:
        logger.warning("device not noted", extra={"error": type(error).__name__})
