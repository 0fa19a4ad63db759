"""Time goes on: what configs become by it. Whoever reads meanwhile is exact all the same
(``selectors.states.shown_state``).
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from vpnconfigs.models import Config
from vpnconfigs.selectors.states import expiring_window
from vpnconfigs.services.desired import mark_changed

BATCH = 2_000
State = Config.State


def advance_states() -> int:
    """Bring the states of configs up to the clock; return how many have changed.

    Any number may run at once, each takes rows that no other has. What somebody holds at the
    moment waits for the next round.
    """
    now = timezone.now()
    soon = now + expiring_window()
    is_far = Q(valid_to=None) | Q(valid_to__gt=soon)
    live = Config.objects.filter(state__in=Config.LIVE)
    return (
        _turn(live.filter(valid_to__lte=now), State.EXPIRED, tells_panel=True)
        + _turn(_between(State.ACTIVE, now, soon), State.EXPIRING)
        + _turn(Config.objects.filter(is_far, state=State.EXPIRING), State.ACTIVE)
    )


def _between(state: State, now: datetime, soon: datetime) -> QuerySet[Config]:
    return Config.objects.filter(state=state, valid_to__gt=now, valid_to__lte=soon)


def _turn(rows: QuerySet[Config], state: State, *, tells_panel: bool = False) -> int:
    total = 0
    while count := _turn_batch(rows, state, tells_panel=tells_panel):
        total += count
    return total


@transaction.atomic
def _turn_batch(rows: QuerySet[Config], state: State, *, tells_panel: bool) -> int:
    taken = rows.select_for_update(no_key=True, skip_locked=True).order_by("pk")
    ids = list(taken.values_list("pk", flat=True)[:BATCH])
    if not ids:
        return 0
    turned = Config.objects.filter(pk__in=ids)
    turned.update(state=state)
    if tells_panel:
        mark_changed(turned)
    return len(ids)
