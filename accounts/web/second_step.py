"""The second page of signing in by password, for who has a second factor."""

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.web.sign_in import next_url
from config.lib.errors import NotSignedInError

# In the signed cookie: who has shown the right password, which one, and when.
PENDING_KEY = "password-shown"
PENDING_SECONDS = 300


def ask_for_code(request: HttpRequest, user: User) -> HttpResponse:
    """Remember for five minutes that the password was right, and go to the page for the code."""
    request.session[PENDING_KEY] = [user.pk, user.token_version, int(time.time())]
    return redirect("/login/code?" + urlencode({"next": next_url(request)}))


def pending_user(request: HttpRequest) -> User:
    """Return who has shown the right password in this browser.

    :raises NotSignedInError: nobody, too long ago, or it is another password by now.
    """
    user_id, version, at = request.session.get(PENDING_KEY) or (0, 0, 0)
    people = User.objects.filter(pk=user_id, token_version=version, is_active=True)
    user = people.first() if time.time() - at < PENDING_SECONDS else None
    if user is None:
        raise NotSignedInError(_("Please enter your password again."), code="password_required")
    return user
