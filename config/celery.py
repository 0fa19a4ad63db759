"""The distributed engine: Celery over Redis, used only to ring bells.

Queues hang on the anonymous exchange: routing by queue name needs no binding keys in Redis, so a
FLUSHALL loses the bells that were waiting and nothing else. With a named exchange every later
bell would vanish too, until each process declared its queues again.
"""

import os
from contextlib import AbstractContextManager
from typing import Any

from celery import Celery
from celery.signals import before_task_publish, setup_logging, task_postrun, task_prerun
from kombu import Exchange, Queue

from config.lib.correlation import TASK_HEADER, correlated, get_correlation_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

QUEUES = ("default", "inbox", "telegram", "avito", "mail", "yandex", "panels")

app = Celery("depesha")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [Queue(name, Exchange(""), routing_key=name) for name in QUEUES]
app.conf.update(
    task_default_queue="default", task_default_exchange="", task_default_routing_key="default"
)
app.autodiscover_tasks()


@setup_logging.connect
def keep_site_logging(**_: object) -> None:
    """Leave logging to Django's LOGGING; Celery would replace the JSON formatter."""


@before_task_publish.connect
def send_correlation(headers: dict[str, Any] | None = None, **_: object) -> None:
    """Give every task the id of what it was sent by; what beat sends gets a new one."""
    if headers is not None:
        headers.setdefault(TASK_HEADER, get_correlation_id())


@task_prerun.connect
def enter_correlation(task: Any = None, **_: object) -> None:
    """Run the task under the id it was sent with.

    Celery's own Django fixup checks the database connections here, before and after each task.
    """
    scope = correlated(getattr(task.request, TASK_HEADER, None) or "")
    scope.__enter__()
    task.request.correlation_scope = scope


@task_postrun.connect
def leave_correlation(task: Any = None, **_: object) -> None:
    scope: AbstractContextManager[None] | None = getattr(task.request, "correlation_scope", None)
    if scope is not None:
        scope.__exit__(None, None, None)
