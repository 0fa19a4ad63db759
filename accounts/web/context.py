"""What every template knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.models import Membership, User
from accounts.selectors.organizations import may_manage, memberships_of
from accounts.selectors.settings import get_site_settings
from accounts.web.access import SESSION_KEY


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the site's name and switches, and the visitor's memberships.

    ``memberships`` are by name; ``membership`` is that of the organization last chosen, else the
    first, else ``None``; ``theme`` is "system", "light" or "dark".
    """
    user = request.user
    memberships = memberships_of(user) if isinstance(user, User) and user.is_authenticated else []
    return {
        "site_settings": get_site_settings(),
        "site_name": get_site_settings().site_name,
        "is_registration_open": get_site_settings().is_registration_open,
        "memberships": memberships,
        "membership": (current := _chosen(request, memberships)),
        "may_manage": current is not None and may_manage(current),
        "theme": getattr(user, "theme", User.Theme.SYSTEM),
        "sandbox_url": settings.SANDBOX_URL,
        "languages": settings.LANGUAGES,
    }


def _chosen(request: HttpRequest, memberships: list[Membership]) -> Membership | None:
    chosen = request.session.get(SESSION_KEY)
    for membership in memberships:
        if str(membership.organization_id) == chosen:
            return membership
    return memberships[0] if memberships else None
