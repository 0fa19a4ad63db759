"""Signing a browser in and out. The cookie holds the id of the session row and nothing else."""

import uuid
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.arrivals import page_of_arrival
from accounts.models import Session, User
from accounts.services.sessions import open_session, revoke_session
from accounts.web.middleware import SESSION_KEY, find_cookie_principal, forget_cookie_principal
from config.lib.clientip import UNKNOWN, client_address


def sign_in(request: HttpRequest, user: User, *, method: str = Session.Method.PASSWORD) -> Session:
    """Open a session for this browser; whatever it was signed in as before ends.

    Nothing of the old cookie and CSRF token stays, so neither can have been planted.
    """
    _end_current(request)
    address = client_address(request)
    session = open_session(
        user=user,
        method=method,
        ip=None if address == UNKNOWN else address,
        user_agent=request.headers.get("User-Agent", ""),
    )
    request.session[SESSION_KEY] = str(session.pk)
    rotate_token(request)
    forget_cookie_principal(request)
    return session


def sign_out(request: HttpRequest) -> None:
    """End this browser's session and empty its cookie."""
    _end_current(request)
    forget_cookie_principal(request)


def current_session_id(request: HttpRequest) -> uuid.UUID | None:
    """Return the id of this browser's live session."""
    principal = find_cookie_principal(request)
    return principal.session_id if principal is not None else None


def next_url(request: HttpRequest) -> str:
    """Return where to go after signing in: ``next`` if it is a place on this site.

    Else where an arrival leads, such as an invitation, else home.
    """
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_safe else page_of_arrival(request.GET) or reverse("accounts:home")


def invitation_token(target: str) -> str | None:
    """Return the token of the invitation whose page ``target`` is, or ``None``."""
    match = _find_page(target)
    is_invitation = match is not None and match.view_name == "accounts:invitation"
    return str(match.kwargs["token"]) if match is not None and is_invitation else None


def _find_page(target: str) -> ResolverMatch | None:
    try:
        return resolve(urlsplit(target).path)
    except (Resolver404, ValueError):
        return None


def _end_current(request: HttpRequest) -> None:
    session_id = current_session_id(request)
    if session_id is not None:
        revoke_session(session_id=session_id)
    request.session.flush()
