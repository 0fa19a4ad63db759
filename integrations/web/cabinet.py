"""What every page of ``/client`` begins with: somebody is signed in and belongs somewhere."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib import messages as notes
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django_htmx.middleware import HtmxDetails

from accounts.models import Membership, User
from accounts.selectors.organizations import may_manage, membership_in
from accounts.web.access import SESSION_KEY, membership_of
from config.lib.errors import ConflictError, ForbiddenError

P = ParamSpec("P")


class CabinetRequest(HttpRequest):
    """A request of a signed-in member; ``membership`` carries the organization."""

    user: User
    htmx: HtmxDetails
    membership: Membership


def cabinet(
    view: Callable[Concatenate[CabinetRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let only members in; anybody else is sent to the sign-in page and comes back after it.

    A fragment cannot show a sign-in page, so a partial request gets a bare 401 and the script
    reloads the page.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        member = cast("CabinetRequest", request)
        if not request.user.is_authenticated:
            if member.htmx:
                return HttpResponse(status=401)
            return redirect_to_login(request.get_full_path())
        try:
            member.membership = membership_of(request)
        except ConflictError as error:
            notes.info(request, str(error.detail))
            return redirect("accounts:account")
        response = view(member, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return guarded


def follow_organization(request: CabinetRequest, organization_id: uuid.UUID) -> None:
    """Let the page show the organization of the object that was asked for.

    :raises NotFoundError: the visitor does not belong to it.
    """
    if request.membership.organization_id != organization_id:
        request.membership = membership_in(request.user, organization_id)
        request.session[SESSION_KEY] = str(organization_id)


def require_manager(request: CabinetRequest) -> None:
    """Refuse those who may look at settings but not change them.

    :raises ForbiddenError: the member is neither owner nor admin.
    """
    if not may_manage(request.membership):
        raise ForbiddenError
