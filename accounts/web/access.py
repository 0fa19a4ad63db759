"""Which organization a page shows."""

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, User
from accounts.selectors.organizations import membership_in, memberships_of
from config.lib.errors import ConflictError, NotFoundError, NotSignedInError

SESSION_KEY = "organization"


def membership_of(request: HttpRequest) -> Membership:
    """Return the visitor's membership: by ``?org=``, else the last one chosen, else the first.

    :raises NotSignedInError: nobody is signed in.
    :raises NotFoundError: ``?org=`` names a foreign or absent organization.
    :raises ConflictError: ``organization_required``: the visitor belongs to none.
    """
    user = request.user
    if not isinstance(user, User):
        raise NotSignedInError
    named = request.GET.get("org")
    if named:
        membership = membership_in(user, named)
        request.session[SESSION_KEY] = str(membership.organization_id)
        return membership
    return _last_chosen(request, user) or _first(user)


def _last_chosen(request: HttpRequest, user: User) -> Membership | None:
    chosen = request.session.get(SESSION_KEY)
    try:
        return membership_in(user, chosen) if chosen else None
    except NotFoundError:
        del request.session[SESSION_KEY]
        return None


def _first(user: User) -> Membership:
    known = memberships_of(user)
    if not known:
        raise ConflictError(_("Open an organization first."), code="organization_required")
    return known[0]
