"""What could not be delivered, written down for the owner of the bot or the account."""

from uuid import UUID

from integrations.models import AvitoAccount, Bot, Delivery, IntegrationLog
from integrations.services.calls import Outcome
from integrations.services.log import log_event

_OWNERS: dict[str, tuple[str, type[Bot] | type[AvitoAccount]]] = {
    "bot": ("telegram", Bot),
    "avito": ("avito", AvitoAccount),
}


def log_given_up(delivery: Delivery, outcome: Outcome) -> None:
    """Write down that a delivery will not be tried again, in the caller's transaction.

    What nobody owns, such as a letter of the site, is left to the outbox.
    """
    prefix, _colon, account_id = delivery.sender.partition(":")
    source, model = _OWNERS.get(prefix, ("", None))
    if model is None or not _is_uuid(account_id):
        return
    owned = model.objects.filter(pk=account_id)
    organization_id = owned.values_list("organization_id", flat=True).first()
    if organization_id is None:
        return
    log_event(
        organization_id=organization_id,
        source=source,
        account_id=UUID(account_id),
        event="given_up",
        level=IntegrationLog.Level.ERROR,
        text=f"{delivery.kind}: {outcome.code} {outcome.text}".strip(),
    )


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
