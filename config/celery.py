"""The distributed engine: Celery over Redis, used only to ring bells.

Queues hang on the anonymous exchange: routing by queue name needs no binding keys in Redis, so a
FLUSHALL loses the bells that were waiting and nothing else. With a named exchange every later
bell would vanish too, until each process declared its queues again.
"""

import os

from celery import Celery
from celery.signals import setup_logging
from kombu import Exchange, Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

QUEUES = ("default", "inbox", "telegram", "avito", "mail")

app = Celery("depesha")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [Queue(name, Exchange(""), routing_key=name) for name in QUEUES]
app.conf.task_default_queue = "default"
app.conf.task_default_exchange = ""
app.conf.task_default_routing_key = "default"
app.autodiscover_tasks()


@setup_logging.connect
def keep_site_logging(**_: object) -> None:
    """Leave logging to Django's LOGGING; Celery would replace the JSON formatter."""
