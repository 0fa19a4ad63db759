"""The bell and the page behind it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.generic import TemplateView, View

from accounts.web.requests import SignedInRequest
from config.lib.pagination import paginate
from notifications.selectors.bell import count_unread, notices_of
from notifications.services.bell import mark_all_read, mark_read, show

LATEST = 5
# The event by which the bell looks again at once.
CHANGED = "notices-changed"


class NotificationListView(LoginRequiredMixin, TemplateView):
    """Everything that the reader was told, the newest first."""

    request: SignedInRequest
    template_name = "notifications/list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        cursor = self.request.GET.get("cursor") or None
        page = paginate(notices_of(user), order=("-id",), cursor=cursor)
        return super().get_context_data(page=page, notices=show(user, page.rows), **kwargs)


class BellView(LoginRequiredMixin, View):
    """The number at the bell; 204 while it is the one that the page shows."""

    request: SignedInRequest

    def get(self, request: SignedInRequest) -> HttpResponse:
        unread = count_unread(request.user)
        if request.GET.get("known") == str(unread):
            return HttpResponse(status=204)
        return render(request, "notifications/partials/bell_count.html", {"unread": unread})


class LatestView(LoginRequiredMixin, View):
    """The latest notices, for the panel under the bell."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        return _latest(request)


class OpenView(LoginRequiredMixin, View):
    """A notice is seen, and the page opens that it is about."""

    def post(self, request: SignedInRequest, notification_id: int) -> HttpResponse:
        notice = mark_read(user=request.user, notification_id=notification_id)
        (shown,) = show(request.user, [notice])
        return redirect(shown.path or "notifications:list")


class ReadAllView(LoginRequiredMixin, View):
    def post(self, request: SignedInRequest) -> HttpResponse:
        mark_all_read(request.user)
        if request.headers.get("HX-Request"):
            response = _latest(request)
            response["HX-Trigger"] = CHANGED
            return response
        messages.success(request, _("All are marked as read."))
        return redirect("notifications:list")


def _latest(request: SignedInRequest) -> HttpResponse:
    rows = notices_of(request.user).order_by("-id")[:LATEST]
    notices = show(request.user, rows)
    has_unread = any(notice.read_at is None for notice in notices)
    context = {"notices": notices, "has_unread": has_unread}
    return render(request, "notifications/partials/latest.html", context)
