"""News, as customers read them and as staff write them."""

import uuid

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from config.lib.errors import NotFoundError
from vpnconfigs.models import News, NewsRead

# The key of pages: pinned ones first, then the newest.
PUBLISHED_ORDER = ("-is_pinned", "-published_at", "id")
STAFF_ORDER = ("-created_at", "id")


def published_news(user: User) -> QuerySet[News]:
    """Return what is published, with ``is_read`` for this person."""
    read = NewsRead.objects.filter(user=user, news=OuterRef("pk"))
    return News.objects.filter(state=News.State.PUBLISHED).annotate(is_read=Exists(read))


def count_unread(user: User) -> int:
    """Return how many pieces a person has not read."""
    published = News.objects.filter(state=News.State.PUBLISHED)
    return published.exclude(reads__user=user).count()


def get_news(news_id: uuid.UUID) -> News:
    """Return a piece of news at any stage, for staff.

    :raises NotFoundError: there is none.
    """
    piece = News.objects.filter(pk=news_id).first()
    if piece is None:
        raise NotFoundError
    return piece
