"""Who an access token stands for."""

from accounts.selectors.principals import Principal, find_principal
from accounts.tokens import TokenRefusedError, decode_access_token


def find_bearer(token: str) -> Principal:
    """Return who an access token stands for at this moment.

    :raises TokenRefusedError: the token is bad or old, its session has ended, or the person's
        password, role or ban has changed since it was made.
    """
    claims = decode_access_token(token)
    principal = find_principal(claims.session_id)
    if (
        principal is None
        or principal.user.pk != claims.user_id
        or principal.version != claims.version
    ):
        raise TokenRefusedError("session_revoked")
    return principal
