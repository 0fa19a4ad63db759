"""The way into acting as somebody else, which an action of the admin takes, and the way back."""

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.generic import View

from accounts.web.impersonation import begin, end
from accounts.web.requests import SignedInRequest


class ImpersonationStartView(LoginRequiredMixin, View):
    def post(self, request: SignedInRequest, user_id: int) -> HttpResponse:
        """See the site as somebody else; for superusers."""
        begin(request, actor=request.user, user_id=user_id)
        return redirect("accounts:home")


class ImpersonationStopView(View):
    def post(self, request: HttpRequest) -> HttpResponse:
        """Be oneself again."""
        end(request)
        return redirect("accounts:home")
