from config.lib.queue import bell_task
from notifications.services import planning
from notifications.services.notifying import PLAN


@bell_task(PLAN)
def plan() -> None:
    planning.plan_due()
