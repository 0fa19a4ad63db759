"""People hear that a config works which they had to wait for."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db.models import F

from notifications.services import notify_many
from vpnconfigs.models import Config

READY = "vpnconfigs.config_ready"
# Whoever gets a config sees it come to life on its page, or opens it from the news that their
# request is approved: within such a time there is nothing more to say.
WORTH_TELLING_AFTER = timedelta(seconds=30)


def tell_of_ready(config_ids: Iterable[UUID]) -> int:
    """Tell the people of these configs, which have just begun to work; return how many are told.

    Once a config, of its first time on a panel alone: one that comes back after a suspension, a
    renewal or a move is no news.
    """
    rows = Config.objects.filter(
        pk__in=list(config_ids),
        user__is_active=True,
        synced_at__gt=F("valid_from") + WORTH_TELLING_AFTER,
        removals=None,
    )
    told = rows.values_list("pk", "user_id", "name")
    return notify_many(
        kind=READY,
        rows=(
            (user_id, {"name": name, "config": str(pk), "path": f"/configs/{pk}"}, f"{READY}:{pk}")
            for pk, user_id, name in told.iterator()
        ),
    )
