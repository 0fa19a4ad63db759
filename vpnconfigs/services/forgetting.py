"""What goes with a person who has deleted their account."""

from django.db import transaction

from vpnconfigs.models import Config
from vpnconfigs.selectors.locks import lock_configs
from vpnconfigs.services.configs import remove
from vpnconfigs.services.requests import withdraw_all


def forget_person(user_id: int) -> None:
    """Withdraw a person's requests and delete their configs; the purchases stay with the ledger.

    May run twice.
    """
    withdraw_all(user_id)
    with transaction.atomic():
        theirs = Config.objects.filter(user_id=user_id).exclude(state=Config.State.DELETED)
        for config in lock_configs(theirs.values_list("pk", flat=True)).values():
            if config.state != Config.State.DELETED:
                remove(config)
