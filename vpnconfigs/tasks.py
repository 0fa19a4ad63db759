"""Tasks of the VPN shop: name, policy, one service call."""

from celery import shared_task

from config.lib.queue import bell_task
from vpnconfigs.services import (
    expiry,
    expiry_notices,
    mass_actions,
    news,
    panel_health,
    reconciling,
    referrals,
    syncing,
)
from vpnconfigs.services.desired import SYNC
from vpnconfigs.services.mass_actions import RUN
from vpnconfigs.services.news import ANNOUNCE
from vpnconfigs.services.purchases import REWARD


@shared_task(name="vpnconfigs.advance_states", ignore_result=True)
def advance_states() -> None:
    expiry.advance_states()


@shared_task(name="vpnconfigs.plan_expiry_notices", ignore_result=True)
def plan_expiry_notices() -> None:
    expiry_notices.plan_expiry_notices()


@shared_task(name="vpnconfigs.publish_news", ignore_result=True)
def publish_news() -> None:
    news.publish_due()


@bell_task(ANNOUNCE)
def announce_news() -> None:
    news.announce_due()


@bell_task(REWARD)
def reward_referrers() -> None:
    referrals.reward_due()


@bell_task(RUN)
def run_mass_actions() -> None:
    mass_actions.run_mass_actions()


@bell_task(SYNC)
def sync() -> None:
    syncing.sync_due()


@bell_task(panel_health.LOOK)
def look_at_panels() -> None:
    panel_health.look_at_panels()


@bell_task(reconciling.RECONCILE)
def reconcile() -> None:
    reconciling.reconcile_due()
