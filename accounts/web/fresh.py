"""Step-up on pages: who proved their identity long ago is asked once more, then goes on."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.generic import View

from accounts.services.step_up import require_fresh
from accounts.web.sign_in import current_session_id
from config.lib.errors import ForbiddenError


class FreshRequiredMixin(View):
    """For pages of who is signed in; comes after ``LoginRequiredMixin``."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            require_fresh(current_session_id(request))
        except ForbiddenError:
            return ask_to_confirm(request)
        return super().dispatch(request, *args, **kwargs)


def ask_to_confirm(request: HttpRequest, *, back: str = "") -> HttpResponse:
    """Go to the page that asks for a credential, and from there back to this one.

    What was posted is not posted again: the person looks at the page once more.

    :param back: where to come back to instead, on this site.
    """
    here = request.get_full_path() if request.method == "GET" else reverse("accounts:security")
    return redirect(f"{reverse('accounts:confirm')}?{urlencode({'next': back or here})}")
