"""What pages show to read: news for anybody, conversations, and what of it is unread."""

import uuid
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet, Value

from accounts.models import User
from config.lib.errors import NotFoundError
from vpnconfigs.models import News, NewsRead, Request, RequestMessage
from vpnconfigs.selectors.requests import messages_of

MOST_MESSAGES = 500


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
    answers = Request.objects.filter(user=user, is_unread_by_user=True)
    since = News.objects.filter(state=News.State.PUBLISHED, published_at__gte=user.created_at)
    news = since.filter(~Exists(_reads(user)))
    found = User.objects.filter(pk=user.pk).values_list(Exists(news), Exists(answers)).first()
    has_news, has_answers = found or (False, False)
    return Marks(has_news=has_news, has_answers=has_answers)


def news_for(reader: User | None) -> QuerySet[News]:
    """Return what is published.

    :param reader: ``is_read`` says whether they have read it or came later; for nobody all is.
    """
    rows = News.objects.filter(state=News.State.PUBLISHED)
    if reader is None:
        return rows.annotate(is_read=Value(value=True))
    is_old = Q(published_at__lt=reader.created_at)
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


def _reads(user: User) -> QuerySet[NewsRead]:
    return NewsRead.objects.filter(user=user, news=OuterRef("pk"))
