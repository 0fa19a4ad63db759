"""Signing in API calls by ``Authorization: Bearer``."""

from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.api.client import bot_name_of, client_of
from accounts.models import User
from accounts.scopes import needed_scope
from accounts.selectors.api_tokens import PREFIX, TokenPrincipal, find_token_principal
from accounts.selectors.bearers import find_bearer
from accounts.selectors.principals import Principal
from accounts.services.api_tokens import touch_token
from accounts.services.sessions import touch_session
from accounts.services.telegram_sign_in import find_init_data_principal
from accounts.telegram.init_data import looks_like_init_data
from accounts.tokens import TokenRefusedError
from config.lib.correlation import note
from config.lib.errors import ForbiddenError

_JWT_DOTS = 2


class BearerAuthentication(BaseAuthentication):
    """Sign in by an access token; ``request.auth`` is the ``Principal``.

    A bearer of three parts joined by dots is an access token. A Mini App's initData signs in by
    itself, as a bearer or under the scheme ``tma``. What begins with ``dps_`` is a program's
    token, which is held to its scopes here: a view that forgets to ask is closed to it.
    """

    def authenticate(self, request: Request) -> tuple[User, Principal | TokenPrincipal] | None:
        """Return the user and the principal, or ``None`` without a bearer.

        :raises TokenRefusedError: ``token_invalid``, ``token_expired`` or ``session_revoked``.
        :raises TelegramRefusedError: the initData proves nothing.
        :raises ForbiddenError: ``scope_missing``: a program's token does not open this view.
        """
        scheme, _space, credentials = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() not in ("bearer", "tma"):
            return None
        principal = self._read(request, scheme.lower(), credentials.strip())
        _note_use(principal)
        note(user_id=principal.user.pk)
        if principal.user.lang_code:
            translation.activate(principal.user.lang_code)
        return principal.user, principal

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    def _read(self, request: Request, scheme: str, credentials: str) -> Principal | TokenPrincipal:
        if credentials.startswith(PREFIX):
            return _find_program(request, credentials)
        if scheme == "tma" or looks_like_init_data(credentials):
            return find_init_data_principal(
                credentials, client=client_of(request), bot_name=bot_name_of(request)
            )
        if credentials.count(".") != _JWT_DOTS:
            raise TokenRefusedError("token_invalid")
        return find_bearer(credentials)


def _find_program(request: Request, key: str) -> TokenPrincipal:
    principal = find_token_principal(key)
    if principal is None:
        raise TokenRefusedError("token_invalid")
    context: dict[str, Any] = request.parser_context or {}
    scope = needed_scope(type(context.get("view")), request.method or "")
    if scope not in principal.scopes:
        raise ForbiddenError(
            _("This token does not allow that."), code="scope_missing", scope=scope
        )
    return principal


def _note_use(principal: Principal | TokenPrincipal) -> None:
    if not principal.is_unseen:
        return
    if isinstance(principal, TokenPrincipal):
        touch_token(principal.token_id)
    else:
        touch_session(principal.session_id)
