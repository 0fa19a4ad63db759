"""Published news, and what of it a person has read."""

import uuid

from django.db.models import Exists, OuterRef, Q, QuerySet, Value

from accounts.models import User
from config.lib.errors import NotFoundError
from vpnconfigs.models import News, NewsRead

ORDER = ("-is_pinned", "-published_at", "id")


def published_news(user: User | None = None) -> QuerySet[News]:
    """Return what is published, pinned pieces first.

    :param user: ``is_read`` says whether they have read it or came later; for nobody all is.
    """
    rows = News.objects.filter(state=News.State.PUBLISHED).order_by(*ORDER)
    if user is None:
        return rows.annotate(is_read=Value(value=True))
    return rows.annotate(is_read=Q(Exists(_reads(user))) | Q(published_at__lt=user.created_at))


def get_published(news_id: uuid.UUID | str, user: User | None = None) -> News:
    """Return a piece of news.

    :raises NotFoundError: there is none, or it is not published.
    """
    try:
        found = published_news(user).filter(pk=uuid.UUID(str(news_id))).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFoundError
    return found


def unread_news(user: User) -> QuerySet[News]:
    """Return what a person has not read that came out since they are here."""
    rows = News.objects.filter(state=News.State.PUBLISHED, published_at__gte=user.created_at)
    return rows.filter(~Exists(_reads(user)))


def _reads(user: User) -> QuerySet[NewsRead]:
    return NewsRead.objects.filter(user=user, news=OuterRef("pk"))
