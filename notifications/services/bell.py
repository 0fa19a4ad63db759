"""The bell: what somebody was told, as the site shows it, and that they have seen it."""

import logging
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from config.lib.live import publish_on_commit
from notifications.models import Notification
from notifications.selectors.bell import count_unread, get_notice_for, unread_of
from notifications.services.notifying import room_of
from notifications.services.rendering import render
from notifications.services.sending import page_of

logger = logging.getLogger(__name__)

READ = "notifications_read"


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """:param text: without markup. :param path: the page that it is about, perhaps empty."""

    id: int
    kind: str
    subject: str
    text: str
    path: str
    created_at: datetime
    read_at: datetime | None


def show(reader: User, notices: Iterable[Notification]) -> list[ShownNotice]:
    """Return notices of ``reader`` in the language that they read the site in.

    What can no longer be put into words is shown as just that.
    """
    # A notice is in its recipient's language; on a page that is the page's.
    recipient = copy(reader)
    recipient.lang_code = translation.get_language() or reader.lang_code
    return [_show(notice, recipient) for notice in notices]


def may_hear(user: Any, room_id: str) -> bool:
    """Say whether ``user`` may listen to ``user:<room_id>``: only to their own."""
    return getattr(user, "pk", None) is not None and room_id == str(user.pk)


@transaction.atomic
def mark_read(*, user: User, notification_id: int) -> Notification:
    """Return a notice of ``user``, which counts as seen from now on.

    :raises NotFoundError: it is not there, or somebody else's.
    """
    notice = get_notice_for(user, notification_id)
    now = timezone.now()
    if Notification.objects.filter(pk=notice.pk, read_at=None).update(read_at=now):
        notice.read_at = now
        _tell(user)
    return notice


@transaction.atomic
def mark_all_read(user: User) -> int:
    """Mark whatever ``user`` has not seen; return how many that were."""
    count = unread_of(user).update(read_at=timezone.now())
    if count:
        _tell(user)
    return count


def _show(notice: Notification, recipient: User) -> ShownNotice:
    notice.recipient = recipient
    try:
        rendered = render(notice)
        subject, text = rendered.subject, rendered.plain
    except (LookupError, ValueError, TypeError):
        logger.exception("notice cannot be shown", extra={"notification": notice.pk})
        subject, text = _("This notice can no longer be shown."), ""
    return ShownNotice(
        id=notice.pk,
        kind=notice.kind,
        subject=subject,
        text=text,
        path=page_of(notice).removeprefix(settings.SITE_URL),
        created_at=notice.created_at,
        read_at=notice.read_at,
    )


def _tell(user: User) -> None:
    publish_on_commit(room_of(user.pk), READ, {"unread": count_unread(user)})
