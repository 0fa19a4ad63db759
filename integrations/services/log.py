"""The integration log: what an owner should see of his bots and accounts."""

from uuid import UUID

from config.lib.correlation import get_correlation_id
from config.lib.logs import redact
from integrations.models import IntegrationLog

TEXT_LENGTH = 500


def log_event(
    *,
    organization_id: UUID,
    source: str,
    account_id: UUID | None,
    event: str,
    text: str = "",
    level: str = IntegrationLog.Level.INFO,
) -> IntegrationLog:
    """Write a line of the log in the caller's transaction.

    :param source: ``telegram`` or ``avito``.
    :param event: a stable name, such as ``webhook_set``.
    :param text: an outside system's own words; secrets in it are blotted out.
    """
    return IntegrationLog.objects.create(
        organization_id=organization_id,
        level=level,
        source=source,
        account_id=account_id,
        event=event,
        text=redact(text)[:TEXT_LENGTH],
        correlation_id=get_correlation_id(),
    )
