"""What pages show to read: news for anybody, conversations, and what of it is unread."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.utils import timezone

from accounts.models import User
from config.lib.errors import NotFoundError
from vpnconfigs.models import News, NewsRead, Request, RequestMessage
from vpnconfigs.selectors.requests import messages_of

MOST_MESSAGES = 500
# Who has not read older news need not be told of them any more.
FRESH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Marks:
    """What a person has not read, shown beside the shop's sections on every page."""

    has_news: bool = False
    has_answers: bool = False

    @property
    def has_any(self) -> bool:
        return self.has_news or self.has_answers


def marks_of(user: User) -> Marks:
    """Return what is unread, in one query."""
    answers = Request.objects.filter(user_id=user.pk, is_unread_by_user=True)
    fresh = News.objects.filter(state=News.State.PUBLISHED, published_at__gte=_fresh_since())
    news = fresh.filter(~Exists(_reads(user)))
    found = set(_sort("news", news).union(_sort("answers", answers)))
    return Marks(has_news=("news",) in found, has_answers=("answers",) in found)


def news_for(reader: User | None) -> QuerySet[News]:
    """Return what is published.

    :param reader: ``is_read`` says whether they have read it or it is old; for nobody all is.
    """
    rows = News.objects.filter(state=News.State.PUBLISHED)
    if reader is None:
        return rows.annotate(is_read=Value(value=True))
    is_old = Q(published_at__lt=_fresh_since())
    return rows.annotate(is_read=Q(Exists(_reads(reader))) | is_old)


def get_published(news_id: uuid.UUID) -> News:
    """Return a piece of news.

    :raises NotFoundError: there is none, or it is not published.
    """
    found = News.objects.filter(pk=news_id, state=News.State.PUBLISHED).first()
    if found is None:
        raise NotFoundError
    return found


def thread_of(request: Request) -> list[RequestMessage]:
    """Return the conversation about a request, its last 500 messages, the oldest first."""
    return list(reversed(messages_of(request).order_by("-id")[:MOST_MESSAGES]))


def _fresh_since() -> datetime:
    return timezone.now() - FRESH


def _sort(name: str, rows: QuerySet[Any]) -> Any:
    """Return one row that says that there are any."""
    return rows.order_by().annotate(sort=Value(name)).values_list("sort")[:1]


def _reads(user: User) -> QuerySet[NewsRead]:
    return NewsRead.objects.filter(user_id=user.pk, news=OuterRef("pk"))
