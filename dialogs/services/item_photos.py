"""The picture of an item beside its dialog on the site.

It lies on Avito's hosts, which the pages' content policy does not know; so it is fetched and kept
when somebody first opens the dialog.
"""

from django.db import transaction

from dialogs.models import Dialog
from dialogs.selectors.locks import lock_dialog
from dialogs.services.routes import avito_route
from integrations.models import AvitoAccount, Delivery
from integrations.services.calls import (
    Again,
    Ambiguity,
    Call,
    Drop,
    Outcome,
    Policy,
    Prepared,
    Status,
)
from integrations.services.outbox import deliver, register_kind

FETCH = "dialogs.fetch_item_photo"
# Fetching twice does no harm.
FETCH_POLICY = Policy(on_ambiguous=Ambiguity.REPEATABLE, max_attempts=3)


def register() -> None:
    register_kind(FETCH, prepare, settle, FETCH_POLICY)


@transaction.atomic
def queue_item_photo(dialog: Dialog) -> None:
    """Have the picture of a dialog's item fetched, once, if there is one and it is not here."""
    account = dialog.avito_account
    is_wanted = dialog.item.get("image") and not dialog.item.get("file")
    if not is_wanted or account is None or account.status != AvitoAccount.Status.ACTIVE:
        return
    route = avito_route(account, dialog)
    deliver(
        kind=FETCH,
        sender=route.sender,
        lane=f"dialog:{dialog.pk}:item-photo",
        budget_key=f"{route.sender}:fetch:{dialog.pk}",
        payload={"dialog_id": str(dialog.pk)},
        idempotency_key=f"{FETCH}:{dialog.pk}",
    )


def prepare(delivery: Delivery) -> Prepared:
    dialog = Dialog.objects.filter(pk=delivery.payload["dialog_id"]).first()
    if dialog is None or not dialog.item.get("image"):
        return Drop("the item has no picture")
    organization_id = str(dialog.organization_id)
    return Call("fetch_image", {"organization_id": organization_id, "url": dialog.item["image"]})


def settle(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Keep which file it is; a picture that cannot be had is missed by nobody."""
    dialog = lock_dialog(delivery.payload["dialog_id"])
    if dialog is not None and outcome.status is Status.SENT:
        dialog.item["file"] = outcome.result["stored_file"]
        dialog.save(update_fields=["item"])
    return None
