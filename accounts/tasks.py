"""Tasks of accounts: name, policy, one service call."""

from celery import shared_task

from accounts.services import cleaning


@shared_task(name="accounts.delete_old_rows", ignore_result=True)
def delete_old_rows() -> None:
    cleaning.delete_old_rows()
