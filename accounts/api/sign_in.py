"""What every sign-in by API does once it knows who it is."""

from dataclasses import dataclass

from rest_framework.request import Request

from accounts.models import Session, User
from accounts.services.sessions import Tokens, issue_tokens, open_session
from config.lib.clientip import UNKNOWN, client_address


@dataclass(frozen=True, slots=True)
class SignIn:
    """Tokens and whose they are."""

    tokens: Tokens
    user: User


def sign_in(request: Request, user: User, *, method: str = Session.Method.PASSWORD) -> SignIn:
    """Open a session for the client that sent ``request`` and return its first tokens."""
    address = client_address(request._request)
    session = open_session(
        user=user,
        method=method,
        ip=None if address == UNKNOWN else address,
        user_agent=request.headers.get("User-Agent", ""),
    )
    return SignIn(issue_tokens(session), user)
