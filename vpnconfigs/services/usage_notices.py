"""People hear how much of their traffic is left."""

from collections.abc import Iterable
from uuid import UUID

from notifications.services import notify_many
from vpnconfigs.models import Config

NEARLY_USED_UP = "vpnconfigs.nearly_used_up"
USED_UP = "vpnconfigs.used_up"


def tell_of_usage(*, config_ids: Iterable[UUID], percent: int) -> None:
    """Tell the people of these configs, once for each mark and period."""
    rows = Config.objects.filter(pk__in=list(config_ids), user__is_active=True)
    told = rows.values_list("pk", "user_id", "name", "wanted_reset")
    notify_many(
        kind=USED_UP if percent >= 100 else NEARLY_USED_UP,
        rows=(
            (
                user_id,
                {
                    "name": name,
                    "percent": percent,
                    "config": str(pk),
                    "path": f"/configs/{pk}",
                },
                f"vpn_usage:{pk}:{period}:{percent}",
            )
            for pk, user_id, name, period in told.iterator()
        ),
    )
