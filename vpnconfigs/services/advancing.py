"""Configs that come into another state by themselves: by traffic, by time."""

import uuid

from django.db import transaction
from django.db.models import QuerySet

from vpnconfigs.models import Config
from vpnconfigs.services.desired import mark_changed


@transaction.atomic
def advance(configs: QuerySet[Config], *, to: Config.State) -> list[uuid.UUID]:
    """Put configs into a state and have their panels brought up to date; return which they were.

    Locks them in ascending order. The queryset must not hold those that are in that state.
    """
    locked = configs.order_by("pk").select_for_update(no_key=True, of=("self",))
    ids = list(locked.values_list("pk", flat=True))
    if ids:
        chosen = Config.objects.filter(pk__in=ids)
        chosen.update(state=to)
        mark_changed(chosen)
    return ids
