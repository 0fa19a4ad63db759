"""Which organization an API call means."""

from rest_framework.request import Request

from accounts.models import Membership, User
from accounts.selectors.organizations import current_membership
from config.lib.errors import NotSignedInError

HEADER = "X-Organization"


def membership_of(request: Request) -> Membership:
    """Return the caller's membership: by ``X-Organization``, else the only one.

    :raises NotSignedInError: nobody is signed in.
    :raises NotFoundError: the header names a foreign or absent organization.
    :raises ConflictError: ``organization_required``: there is no header, and not exactly one.
    """
    if not isinstance(request.user, User):
        raise NotSignedInError
    return current_membership(request.user, request.headers.get(HEADER))
