"""Bells: each looks for whatever is due and may be rung any number of times."""

from config.lib.queue import bell_task
from dialogs.services import auto_reply_sending


@bell_task("dialogs.send_due_auto_replies")
def send_due_auto_replies() -> None:
    auto_reply_sending.send_due()
