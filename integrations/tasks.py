"""Bells: each looks for whatever is due and may be rung any number of times."""

from celery import shared_task

from config.lib.queue import bell_task
from integrations.services import (
    cleaning,
    file_cleaning,
    heartbeats,
    inbox,
    membership,
    polling,
    pump,
    reconciling,
    yandex_bot,
)


@bell_task("integrations.process_inbox")
def process_inbox() -> None:
    inbox.drain()


@bell_task("integrations.pump_telegram")
def pump_telegram() -> None:
    pump.drain("telegram", linger=True)


@bell_task("integrations.pump_avito")
def pump_avito() -> None:
    pump.drain("avito", linger=True)


@bell_task("integrations.pump_mail")
def pump_mail() -> None:
    pump.drain("mail", linger=True)


@bell_task("integrations.pump_yandex")
def pump_yandex() -> None:
    pump.drain("yandex", linger=True)


@bell_task("integrations.poll_yandex")
def poll_yandex() -> None:
    yandex_bot.poll_due()


@bell_task("integrations.poll_avito")
def poll_avito() -> None:
    polling.poll_due()


@bell_task("integrations.reconcile_avito")
def reconcile_avito() -> None:
    reconciling.reconcile_due()


@bell_task(membership.LOOK_BELL)
def look_at_groups() -> None:
    membership.look_at_groups()


@shared_task(name="integrations.record_beat_tick", ignore_result=True)
def record_beat_tick() -> None:
    heartbeats.record_tick()


@shared_task(name="integrations.delete_old_rows", ignore_result=True)
def delete_old_rows() -> None:
    cleaning.delete_old_rows()


@shared_task(name="integrations.delete_unused_files", ignore_result=True)
def delete_unused_files() -> None:
    file_cleaning.delete_unused_files()
