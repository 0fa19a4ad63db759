"""The shop's switches, changed."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.services.audit import record_audit
from vpnconfigs.models import ShopSettings
from vpnconfigs.selectors.settings import forget_shop_settings


@transaction.atomic
def update_shop_settings(*, actor: User | None, changes: Mapping[str, Any]) -> ShopSettings:
    """Change switches; every process follows within two seconds.

    :param changes: field names of ``ShopSettings`` with their new values.
    """
    row, _ = ShopSettings.objects.get_or_create(pk=1)
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=[*changes, "updated_at"])
    record_audit(actor=actor, action="shop_settings.changed", details=changes)
    transaction.on_commit(forget_shop_settings)
    return row
