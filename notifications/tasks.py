from celery import shared_task

from config.lib.queue import bell_task
from notifications.services import planning, sign_in_notices
from notifications.services.notifying import PLAN
from notifications.services.sign_in_notices import TELL


@bell_task(PLAN)
def plan() -> None:
    planning.plan_due()


@bell_task("notifications.tell_of_missed_sign_ins")
def tell_of_missed_sign_ins() -> None:
    sign_in_notices.tell_of_missed_sign_ins()


@shared_task(name=TELL, ignore_result=True)
def tell_of_sign_in(user_id: int, session_id: str) -> None:
    sign_in_notices.tell_of_sign_in(user_id=user_id, session_id=session_id)
