"""Acting as somebody else in a browser: how it begins and ends, and what stays closed meanwhile."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.permissions import (
    CLOSED_TO_IMPERSONATORS,
    OPEN_NAMESPACES_TO_IMPERSONATORS,
    OPEN_TO_IMPERSONATORS,
)
from accounts.services.impersonation import start_impersonation, stop_impersonation
from accounts.web.access import SESSION_KEY as ORGANIZATION_KEY
from accounts.web.middleware import SESSION_KEY, forget_cookie_principal
from accounts.web.sign_in import current_session_id
from config.lib.clientip import UNKNOWN, client_address
from config.lib.correlation import note
from config.lib.errors import ForbiddenError
from config.lib.pages import refusal_response

# The signed cookie keeps the staff's own session meanwhile.
OWN_SESSION_KEY = "own_sid"
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
# Telegram sends the browser back by GET, and a sign-in would end the session unrecorded.
_SIGN_IN_BY_GET = frozenset({"accounts:telegram-callback"})


def begin(request: HttpRequest, *, actor: User, user_id: int) -> None:
    """Let this browser act as somebody else until ``end``, for an hour at most.

    :raises NotFoundError: there is no such person.
    :raises ForbiddenError: see ``start_impersonation``.
    """
    session = start_impersonation(
        actor=actor,
        user_id=user_id,
        ip=_address(request),
        user_agent=request.headers.get("User-Agent", ""),
    )
    request.session[OWN_SESSION_KEY] = request.session[SESSION_KEY]
    _continue_as(request, str(session.pk))


def end(request: HttpRequest) -> None:
    """Let this browser be its owner's again; nothing happens to one that acts as nobody else."""
    own = request.session.pop(OWN_SESSION_KEY, None)
    if own is None:
        return
    session_id = current_session_id(request)
    if session_id is not None:
        stop_impersonation(session_id=session_id, ip=_address(request))
    _continue_as(request, own)


class ImpersonationMiddleware:
    """Mark requests of who acts as another person, and close what such a person may not write.

    ``request.is_impersonated`` shows the banner.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_impersonated = OWN_SESSION_KEY in request.session
        request.is_impersonated = is_impersonated  # type: ignore[attr-defined]
        if is_impersonated:
            note(is_impersonated=True)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Refuse to write anywhere but where ``permissions`` lets an impersonator."""
        if not getattr(request, "is_impersonated", False) or _is_open(request):
            return None
        text = _("You are acting as somebody else and may not change this for them.")
        return refusal_response(request, ForbiddenError(text, code="impersonated"))


def _is_open(request: HttpRequest) -> bool:
    match = request.resolver_match
    if match is None:
        return request.method in _SAFE_METHODS
    if request.method in _SAFE_METHODS:
        return match.view_name not in _SIGN_IN_BY_GET
    if match.view_name in CLOSED_TO_IMPERSONATORS:
        return False
    return (
        match.view_name in OPEN_TO_IMPERSONATORS
        or match.namespace in OPEN_NAMESPACES_TO_IMPERSONATORS
    )


def _continue_as(request: HttpRequest, session_id: str) -> None:
    request.session[SESSION_KEY] = session_id
    request.session.pop(ORGANIZATION_KEY, None)
    rotate_token(request)
    forget_cookie_principal(request)


def _address(request: HttpRequest) -> str | None:
    address = client_address(request)
    return None if address == UNKNOWN else address
