"""Who is looking at a page, and in which language."""

import uuid
from collections.abc import Callable
from typing import cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.middleware import (
    AuthenticationMiddleware as DjangoAuthenticationMiddleware,
)
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from accounts.selectors.principals import Principal, find_principal
from accounts.services.sessions import touch_session
from config.lib.correlation import note

SESSION_KEY = "sid"
_YEAR_SECONDS = 365 * 86_400

GetResponse = Callable[[HttpRequest], HttpResponse]


class AuthenticationMiddleware(DjangoAuthenticationMiddleware):
    """Build ``request.user`` from the session row that the cookie names.

    The signed cookie proves nothing but which row is meant: when that has ended, the visitor is
    anonymous, whatever else the cookie holds. Read on first use, so that files and probes cost
    nothing.
    """

    def process_request(self, request: HttpRequest) -> None:
        request.user = cast("User", SimpleLazyObject(lambda: _load_user(request)))


class LanguageMiddleware:
    """Choose the language: ``?lang=``, the choice made before, the person's own, the browser's.

    Moments of time are shown in the person's time zone. API calls are answered in the language of
    the bearer's person, which the authentication class activates, and always in UTC.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("lang", "")
        language = _known(asked) or _choose_language(request)
        with translation.override(language), timezone.override(_choose_zone(request)):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "")
        if _known(asked):
            remember_language(response, asked)
        patch_vary_headers(response, ["Accept-Language"])
        return response


def remember_language(response: HttpResponse, language: str) -> None:
    """Keep an explicit choice in the browser for a year; an empty one takes it back."""
    if not language:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
        return
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=_YEAR_SECONDS,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
    )


def find_cookie_principal(request: HttpRequest) -> Principal | None:
    """Return the principal of the cookie's session, looked up once per request."""
    if not hasattr(request, "_principal"):
        request._principal = _find(request)  # type: ignore[attr-defined]
    return cast("Principal | None", request._principal)  # type: ignore[attr-defined]


def forget_cookie_principal(request: HttpRequest) -> None:
    """Look the principal up again: the cookie names another session now."""
    request.__dict__.pop("_principal", None)
    request.user = cast("User", SimpleLazyObject(lambda: _load_user(request)))


def _find(request: HttpRequest) -> Principal | None:
    try:
        session_id = uuid.UUID(request.session[SESSION_KEY])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
    principal = find_principal(session_id)
    if principal is not None:
        note(user_id=principal.user.pk)
    if principal is not None and principal.is_unseen:
        touch_session(session_id)
        # The cookie is sent anew as well: it lives as long as the session may idle.
        request.session.modified = True
    return principal


def _load_user(request: HttpRequest) -> User | AnonymousUser:
    principal = find_cookie_principal(request)
    return principal.user if principal is not None else AnonymousUser()


def _choose_language(request: HttpRequest) -> str:
    chosen = _known(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""))
    if chosen:
        return chosen
    principal = _page_principal(request)
    if principal is not None and principal.user.lang_code:
        return principal.user.lang_code
    return translation.get_language_from_request(request)


def _choose_zone(request: HttpRequest) -> ZoneInfo | None:
    principal = _page_principal(request)
    return ZoneInfo(principal.user.timezone) if principal is not None else None


def _page_principal(request: HttpRequest) -> Principal | None:
    """Return the cookie's principal, unless a program asks that signs in by a header."""
    if "Authorization" in request.headers or not request.COOKIES.get(settings.SESSION_COOKIE_NAME):
        return None
    return find_cookie_principal(request)


def _known(language: str) -> str:
    return language if language in dict(settings.LANGUAGES) else ""
