"""Who belongs where. Fetching is the permission check."""

import uuid
from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Organization, User
from config.lib.errors import ConflictError, ForbiddenError, NotFoundError

# Set on the user of a request, so that a page asks nothing twice.
_KNOWN = "_known_memberships"


def memberships_of(user: User) -> list[Membership]:
    """Return the memberships of a user with their organizations, by name.

    A request's user carries them; for any other this is one query.
    """
    known: list[Membership] | None = getattr(user, _KNOWN, None)
    if known is None:
        rows = Membership.objects.filter(user=user).select_related("organization")
        known = sorted(rows, key=_by_name)
    return known


def attach_memberships(user: User, memberships: Sequence[Membership]) -> None:
    """Let ``memberships_of`` answer for this instance without a query."""
    ordered = sorted(memberships, key=_by_name)
    setattr(user, _KNOWN, ordered)


def current_membership(user: User, organization_id: str | None) -> Membership:
    """Return in which organization, and as what, a user acts.

    :param organization_id: as the caller named it; empty means the only one there is.
    :raises NotFoundError: no such organization, or not the user's.
    :raises ConflictError: ``organization_required``: none is named, and the user has not exactly
        one.
    """
    known = memberships_of(user)
    if organization_id:
        return _named(known, organization_id)
    if len(known) != 1:
        raise ConflictError(_("Say which organization you mean."), code="organization_required")
    return known[0]


def membership_in(user: User, organization_id: uuid.UUID | str) -> Membership:
    """Return the user's place in an organization.

    :raises NotFoundError: no such organization, or not the user's.
    """
    return _named(memberships_of(user), str(organization_id))


def get_organization_for(
    actor: User, organization_id: uuid.UUID | str, *, can_manage: bool = False
) -> Organization:
    """Return a whole organization row that ``actor`` belongs to.

    :param can_manage: ask for the right to change it as well (owner or admin).
    :raises NotFoundError: no such organization, or not the actor's.
    :raises ForbiddenError: the actor may see it, not change it.
    """
    membership = membership_in(actor, organization_id)
    if can_manage and not may_manage(membership):
        raise ForbiddenError
    organization = Organization.objects.filter(pk=membership.organization_id).first()
    if organization is None:
        raise NotFoundError
    return organization


def may_manage(membership: Membership) -> bool:
    """Tell whether a member may change settings, bots and accounts: owners and admins."""
    return membership.role in (Membership.Role.OWNER, Membership.Role.ADMIN)


def _by_name(membership: Membership) -> tuple[str, int]:
    return membership.organization.name.casefold(), membership.pk


def _named(known: Sequence[Membership], organization_id: str) -> Membership:
    try:
        wanted = uuid.UUID(organization_id)
    except ValueError:
        raise NotFoundError from None
    for membership in known:
        if membership.organization_id == wanted:
            return membership
    raise NotFoundError
