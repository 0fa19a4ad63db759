"""Pages that are shown inside of Telegram as well, where no cookie reaches them.

A Mini App's requests carry a bearer. No browser sends one by itself, so such a request cannot be
forged by another site and needs no CSRF token; it is signed in by the bearer alone, whatever
cookies come with it.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirectBase
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from accounts.selectors.bearers import find_bearer
from accounts.selectors.principals import Principal
from accounts.services.sessions import touch_session
from config.lib.correlation import note
from config.lib.errors import NotSignedInError

View = Callable[..., HttpResponseBase]
NO_CONTENT = 204


def framed(view: View) -> View:
    """Let in who is signed in, by cookie or, inside of Telegram, by bearer.

    ``request.is_framed`` says which. A redirect is told to the frame's script in a header instead
    of being followed, together with the messages that no cookie could keep for the next page.
    """
    return _opened(view, by_cookie=login_required(view))


def framed_public(view: View) -> View:
    """Let in everybody; a bearer says who it is."""
    return _opened(view, by_cookie=view)


def _opened(view: View, *, by_cookie: View) -> View:
    protected = csrf_protect(by_cookie)

    @wraps(view)
    def open_page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        token = _bearer_of(request)
        request.is_framed = bool(token)  # type: ignore[attr-defined]
        if not token:
            return protected(request, *args, **kwargs)
        principal = find_bearer(token)
        _become(request, principal)
        # The outer language and zone come back by themselves: each is set anew by the middleware.
        with timezone.override(ZoneInfo(principal.user.timezone)):
            return _without_redirect(request, view(request, *args, **kwargs))

    return cast("View", csrf_exempt(open_page))


def _bearer_of(request: HttpRequest) -> str:
    """Return the bearer, or nothing.

    :raises NotSignedInError: something else was sent that claims to sign in.
    """
    header = request.headers.get("Authorization", "")
    if not header:
        return ""
    scheme, _space, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedInError
    return token.strip()


def _become(request: HttpRequest, principal: Principal) -> None:
    request.user = principal.user
    note(user_id=principal.user.pk)
    if principal.is_unseen:
        touch_session(principal.session_id)
    if principal.user.lang_code:
        translation.activate(principal.user.lang_code)


def _without_redirect(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if not isinstance(response, HttpResponseRedirectBase):
        return response
    told = [{"text": str(message), "level": message.level_tag} for message in get_messages(request)]
    instead = HttpResponse(status=NO_CONTENT)
    instead.headers["X-App-Go"] = json.dumps({"path": response.url, "messages": told})
    return instead
