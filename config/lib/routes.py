"""Both ``/x`` and ``/x/`` answer, without a redirect, which would lose the body of a POST."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# Django's admin and static files keep the slashes they were written with.
_AS_WRITTEN = ("/admin/", "/static/")


class TrailingSlashMiddleware:
    """Routes are declared without a slash at the end; a request's own is dropped."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if len(path) > 1 and path.endswith("/") and not path.startswith(_AS_WRITTEN):
            request.path_info = path.rstrip("/") or "/"
        return self.get_response(request)
