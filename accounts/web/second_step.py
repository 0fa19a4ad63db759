"""The second page of signing in, for who has a second factor; the same for every way in."""

import time
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts.models import Session, User
from config.lib.errors import NotSignedInError

# In the signed cookie: who has shown the first factor, by what, and when.
PENDING_KEY = "pending-sign-in"
PENDING_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that lacks the second factor.

    :param method: how it began, one of ``Session.Method``.
    """

    user: User
    method: str


def ask_for_code(
    request: HttpRequest, user: User, *, target: str, method: str = Session.Method.PASSWORD
) -> HttpResponse:
    """Remember for five minutes that the first factor was right; go to the page for the code.

    :param target: where to go on this site afterwards.
    """
    request.session[PENDING_KEY] = [user.pk, user.token_version, int(time.time()), str(method)]
    return redirect(f"{reverse('accounts:login-code')}?{urlencode({'next': target})}")


def find_pending(request: HttpRequest) -> Pending:
    """Return who has shown the first factor in this browser.

    :raises NotSignedInError: nobody, too long ago, or the password is another by now.
    """
    user_id, version, at, method = request.session.get(PENDING_KEY) or (0, 0, 0, "")
    people = User.objects.filter(pk=user_id, token_version=version, is_active=True)
    user = people.first() if time.time() - at < PENDING_SECONDS else None
    if user is None:
        text = _("That took too long. Please sign in once more.")
        raise NotSignedInError(text, code="sign_in_expired")
    return Pending(user, method)
