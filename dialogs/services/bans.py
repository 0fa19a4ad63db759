"""Avito's black list, on which a banned contact is put."""

from django.utils import timezone

from dialogs.models import Dialog
from dialogs.services.routes import avito_lane, avito_route
from dialogs.services.topic_notes import tell_topic
from integrations.models import Delivery
from integrations.services.calls import Again, Call, Drop, Outcome, Policy, Prepared, Status
from integrations.services.outbox import deliver, number_after

BAN = "dialogs.ban"
# Banning twice does no harm.
POLICY = Policy(max_attempts=8)
# Avito's numbers (contracts: Avito, blacklist).
REASONS = {"spam": 1, "fraud": 2, "abuse": 3, "other": 4}


def queue_ban(dialog: Dialog, *, reason: str) -> None:
    """Have the dialog's contact put on Avito's black list. The caller holds the dialog's lock.

    :param reason: one of ``REASONS``.
    """
    user_id = dialog.contact.external_id if dialog.contact else ""
    if dialog.avito_account is None or not user_id.isdecimal():
        _tell(dialog, code="unknown_user")
        return
    route = avito_route(dialog.avito_account, dialog)
    key = f"{BAN}:{dialog.pk}:"
    deliver(
        kind=BAN,
        sender=route.sender,
        lane=avito_lane(dialog.pk),
        budget_key=route.budget_key,
        payload={
            "dialog_id": str(dialog.pk),
            "user_id": int(user_id),
            "reason": REASONS[reason],
        },
        idempotency_key=f"{key}{number_after(key)}",
    )


def prepare_ban(delivery: Delivery) -> Prepared:
    payload = delivery.payload
    dialog = Dialog.objects.filter(pk=payload["dialog_id"]).first()
    if dialog is None or dialog.status != Dialog.Status.BANNED:
        return Drop("the contact is not banned any more")
    return Call("ban", {"user_id": payload["user_id"], "reason": payload["reason"]})


def settle_ban(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Say in the topic if Avito refused: nothing is relayed all the same."""
    if outcome.status is Status.PERMANENT:
        dialogs = Dialog.objects.select_related("avito_account__bot")
        dialog = dialogs.filter(pk=delivery.payload["dialog_id"]).first()
        if dialog is not None:
            _tell(dialog, code=outcome.code)
    return None


def _tell(dialog: Dialog, *, code: str) -> None:
    key = f"{BAN}:{dialog.pk}:{timezone.now().timestamp()}"
    tell_topic(dialog, note="not_banned", reply_to=None, key=key, facts={"code": code})
