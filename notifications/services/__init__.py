"""Telling people things: ``register_notification`` once, ``notify`` whenever it happens."""

from notifications.services.kinds import register_notification
from notifications.services.notifying import notify, notify_many

__all__ = ["notify", "notify_many", "register_notification"]
