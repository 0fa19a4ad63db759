"""The site's switches, changed."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import SiteSettings, User
from accounts.selectors.settings import forget_site_settings
from accounts.services.audit import record_audit


@transaction.atomic
def update_site_settings(*, actor: User | None, changes: Mapping[str, Any]) -> SiteSettings:
    """Change switches; every process follows within two seconds.

    :param changes: field names of ``SiteSettings`` with their new values.
    """
    row, _ = SiteSettings.objects.get_or_create(pk=1)
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=[*changes, "updated_at"])
    record_audit(actor=actor, action="site_settings.changed", details=changes)
    transaction.on_commit(forget_site_settings)
    return row
