"""News: written, scheduled, published, read, and told to customers in batches."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.audit import record_audit
from config.lib.errors import ConflictError, NotFoundError
from config.lib.queue import ring_on_commit
from notifications.services import notify_many
from vpnconfigs.models import Config, News, NewsRead

PUBLISHED = "vpnconfigs.news_published"
ANNOUNCE = "vpnconfigs.announce_news"
CHUNK = 1_000
State = News.State


@transaction.atomic
def write_news(*, actor: User, fields: Mapping[str, Any]) -> News:
    """Write a draft.

    :param fields: title and text in Russian, perhaps in English, ``is_pinned``, ``is_announced``.
    """
    piece = News.objects.create(author=actor, **fields)
    _audit(actor, piece, "written")
    return piece


@transaction.atomic
def change_news(*, actor: User, news_id: UUID, fields: Mapping[str, Any]) -> News:
    """Change what a piece of news says, at whatever stage it is.

    :raises NotFoundError: there is none.
    """
    piece = _lock(news_id)
    for name, value in fields.items():
        setattr(piece, name, value)
    piece.save(update_fields=[*fields, "updated_at"])
    _audit(actor, piece, "changed")
    return piece


@transaction.atomic
def schedule_news(*, actor: User, news_id: UUID, publish_at: datetime) -> News:
    """Have a piece of news published by itself; at once where the moment is past.

    :raises ConflictError: ``published``: it is out already.
    """
    piece = _lock(news_id)
    _refuse_published(piece)
    piece.state, piece.publish_at = State.SCHEDULED, publish_at
    piece.save(update_fields=["state", "publish_at", "updated_at"])
    _audit(actor, piece, "scheduled")
    if publish_at <= timezone.now():
        _publish(piece)
    return piece


@transaction.atomic
def publish_news(*, actor: User, news_id: UUID) -> News:
    """Publish a piece of news now.

    :raises ConflictError: ``published``: it is out already.
    """
    piece = _lock(news_id)
    _refuse_published(piece)
    _publish(piece)
    _audit(actor, piece, "published")
    return piece


@transaction.atomic
def withdraw_news(*, actor: User, news_id: UUID) -> News:
    """Make a draft of a piece of news again. Who was told of it has been told."""
    piece = _lock(news_id)
    piece.state, piece.publish_at, piece.published_at = State.DRAFT, None, None
    piece.save(update_fields=["state", "publish_at", "published_at", "updated_at"])
    _audit(actor, piece, "withdrawn")
    return piece


@transaction.atomic
def delete_news(*, actor: User, news_id: UUID) -> None:
    """Delete a piece of news with its reading marks."""
    piece = _lock(news_id)
    _audit(actor, piece, "deleted")
    piece.delete()


def publish_due() -> int:
    """Publish what was scheduled for now or earlier; return how much that was."""
    count = 0
    due = News.objects.filter(state=State.SCHEDULED, publish_at__lte=Now())
    for news_id in due.order_by("publish_at").values_list("pk", flat=True):
        with transaction.atomic():
            rows = News.objects.select_for_update(no_key=True, skip_locked=True)
            piece = rows.filter(pk=news_id, state=State.SCHEDULED).first()
            if piece is not None:
                _publish(piece)
                count += 1
    return count


def announce_due() -> int:
    """Have customers told of published news that shall be told; return how many were.

    Each batch is a transaction of its own, and nobody is told twice: a killed run is gone on with.
    """
    told = 0
    due = News.objects.filter(state=State.PUBLISHED, is_announced=True, announced_at=None)
    for piece in due.order_by("published_at"):
        told += _announce(piece)
        News.objects.filter(pk=piece.pk, announced_at=None).update(announced_at=Now())
    return told


@transaction.atomic
def mark_read(*, user: User, news_id: UUID) -> None:
    """Note that a person has read a piece of news.

    :raises NotFoundError: there is none, or it is not published.
    """
    if not News.objects.filter(pk=news_id, state=State.PUBLISHED).exists():
        raise NotFoundError
    NewsRead.objects.get_or_create(user=user, news_id=news_id)


def _announce(piece: News) -> int:
    told, after = 0, 0
    customers = User.objects.filter(
        is_active=True,
        vpn_configs__state__in=[*Config.PLACED, Config.State.REQUESTED],
    ).distinct()
    while chunk := list(
        customers.filter(pk__gt=after).order_by("pk").values_list("pk", "lang_code")[:CHUNK]
    ):
        rows = (
            (pk, {"title": _title(piece, language), "path": "/news"}, f"vpn_news:{piece.pk}:{pk}")
            for pk, language in chunk
        )
        told += notify_many(kind=PUBLISHED, rows=rows)
        after = chunk[-1][0]
    return told


def _title(piece: News, language: str) -> str:
    return (language == "en" and piece.title_en) or piece.title_ru


def _publish(piece: News) -> None:
    piece.state, piece.published_at = State.PUBLISHED, timezone.now()
    piece.save(update_fields=["state", "published_at", "updated_at"])
    if piece.is_announced:
        ring_on_commit(ANNOUNCE)


def _refuse_published(piece: News) -> None:
    if piece.state == State.PUBLISHED:
        raise ConflictError(_("This is published already."), code="published")


def _lock(news_id: UUID) -> News:
    piece = News.objects.select_for_update(no_key=True).filter(pk=news_id).first()
    if piece is None:
        raise NotFoundError
    return piece


def _audit(actor: User, piece: News, deed: str) -> None:
    record_audit(actor=actor, action=f"vpn_news.{deed}", target=f"vpn_news:{piece.pk}")
