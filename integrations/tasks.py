"""Bells: each looks for whatever is due and may be rung any number of times."""

from config.lib.queue import bell_task
from integrations.services import inbox, pump


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
