"""Linking Yandex Messenger with an account."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import View

from accounts.web.requests import SignedInRequest
from config.lib.errors import NotFoundError
from config.lib.ratelimit import limited
from integrations.selectors.yandex import find_yandex_bot
from notifications.models import ChannelAddress
from notifications.services.yandex_channel import NAME
from notifications.services.yandex_linking import make_code, unlink_user

limit_codes = method_decorator(limited("channel-code", "10/h", key="user"))


class _YandexView(LoginRequiredMixin, View):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.YANDEX_BOT_TOKEN:
            raise NotFoundError
        return super().dispatch(request, *args, **kwargs)


@method_decorator(never_cache, name="dispatch")
class YandexView(_YandexView):
    """Whether Yandex Messenger is linked; a POST makes the code that links it."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        return render(request, "notifications/yandex.html", _state_of(request))

    @limit_codes
    def post(self, request: SignedInRequest) -> HttpResponse:
        """Show a new code. It is kept nowhere, so it cannot be shown again."""
        context = {**_state_of(request), "new": make_code(request.user)}
        return render(request, "notifications/yandex.html", context)


class YandexStateView(_YandexView):
    """Whether the code has come by now: 204 without a word until it has, then off to the page."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        if _state_of(request)["login"] == request.GET.get("known", ""):
            return HttpResponse(status=204)
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("notifications:yandex")})


class YandexUnlinkView(_YandexView):
    def post(self, request: SignedInRequest) -> HttpResponse:
        if unlink_user(request.user):
            messages.success(request, _("Yandex Messenger is unlinked."))
        return redirect("notifications:yandex")


def _state_of(request: SignedInRequest) -> dict[str, Any]:
    address = ChannelAddress.objects.filter(user=request.user, channel=NAME).first()
    return {"login": address.address if address else "", "bot": find_yandex_bot()}
