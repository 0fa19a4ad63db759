"""The way back from acting as somebody else. The way there is an action of the admin."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.generic import View

from accounts.web.impersonation import end


class ImpersonationStopView(View):
    def post(self, request: HttpRequest) -> HttpResponse:
        """Be oneself again."""
        end(request)
        return redirect("accounts:home")
