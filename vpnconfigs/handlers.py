"""What this app registers below, and what it hears from below."""

from typing import Any

from accounts.signals import account_deleted
from vpnconfigs import notices
from vpnconfigs.bot import registration
from vpnconfigs.services.forgetting import forget_person


def register() -> None:
    """Fill the registries and listen to the floors below. Called once, when the apps are ready."""
    notices.register()
    registration.register()
    account_deleted.connect(on_account_deleted, dispatch_uid="vpnconfigs.account_deleted")


def on_account_deleted(sender: object, user_id: int, **_kwargs: Any) -> None:
    """Take a person's configs off the panels."""
    forget_person(user_id)
