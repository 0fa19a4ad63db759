"""``/news``: for everybody; who is signed in sees what they have not read."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.web.framed import framed_public
from config.lib.pagination import paginate
from vpnconfigs.selectors.news import PUBLISHED_ORDER
from vpnconfigs.selectors.reading import get_published, news_for
from vpnconfigs.services.news import mark_read


@require_safe
@framed_public
def list_news(request: HttpRequest) -> HttpResponse:
    found = paginate(
        news_for(_reader(request)), order=PUBLISHED_ORDER, cursor=request.GET.get("cursor") or None
    )
    return render(request, "vpnconfigs/news.html", {"page": found})


@require_safe
@framed_public
def show_news(request: HttpRequest, news_id: uuid.UUID) -> HttpResponse:
    """Show a piece of news; with that it is read."""
    reader = _reader(request)
    piece = get_published(news_id)
    if reader is not None:
        mark_read(user=reader, news_id=piece.pk)
    return render(request, "vpnconfigs/news_item.html", {"piece": piece})


def _reader(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
