"""The audit trail: one row for each deed that somebody may have to answer for."""

from collections.abc import Mapping
from typing import Any

from accounts.models import AuditEvent, Organization, User
from config.lib.correlation import get_correlation_id


def record_audit(
    *,
    actor: User | None,
    action: str,
    target: str = "",
    organization: Organization | None = None,
    details: Mapping[str, Any] | None = None,
    ip: str | None = None,
) -> AuditEvent:
    """Write who did what, in the transaction of the deed.

    :param actor: ``None`` for the site itself.
    :param action: ``noun.verb`` in the past, such as ``bot.token_changed``.
    :param target: ``model:pk`` of what it was done to.
    :param details: plain JSON without secrets.
    """
    return AuditEvent.objects.create(
        actor=actor,
        organization=organization,
        action=action,
        target=target,
        details=dict(details or {}),
        ip=ip,
        correlation_id=get_correlation_id(),
    )
