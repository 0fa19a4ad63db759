"""Staff opens the admin with a second factor only, where the site asks for it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.models import User
from accounts.services.totp import has_second_factor
from accounts.web.sign_in import current_session_id

# In the signed cookie: the session that has shown a code. Another sign-in has another session.
OTP_KEY = "otp"


def note_second_factor(request: HttpRequest) -> None:
    """Remember in this browser that its present session has shown a code."""
    request.session[OTP_KEY] = str(current_session_id(request))


class StaffOtpMiddleware:
    """Send staff without a code to where one is shown or set up (``STAFF_OTP_REQUIRED``)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Answer in place of the admin's view; leave every other view alone."""
        match = request.resolver_match
        if not settings.STAFF_OTP_REQUIRED or match is None or match.app_name != "admin":
            return None
        user = request.user
        if not isinstance(user, User) or not user.is_staff:
            return None
        if request.session.get(OTP_KEY) == str(current_session_id(request)):
            return None
        page = "accounts:confirm" if has_second_factor(user) else "accounts:totp"
        query = urlencode({"next": request.get_full_path(), "by": "otp"})
        return HttpResponseRedirect(f"{reverse(page)}?{query}")
