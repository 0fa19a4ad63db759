"""What the right half of the inbox shows: a window of a dialog that grows at its end.

The window begins at a fixed message, so what arrives never pushes anything out of it; earlier
pages are added above it and do not change any more. ``version`` names what a window shows, so
that a poll which would change nothing costs one query and an empty answer.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from config.lib.errors import FieldError, InputError
from dialogs.models import Dialog, Message
from dialogs.selectors import dialogs as selectors

PAGE_SIZE = 30
# A tab that stays open for days shows at most this many at its end.
MAX_WINDOW = 300


@dataclass(frozen=True, slots=True)
class Window:
    """Messages from the oldest to the newest, and what a later poll has to say to get more."""

    messages: Sequence[Message]
    start: int
    version: str
    earlier_cursor: str | None = None

    @property
    def last_incoming(self) -> Message | None:
        newest = self.messages[-1] if self.messages else None
        return newest if newest is not None and newest.is_incoming else None

    @property
    def last_id(self) -> int:
        return self.messages[-1].pk if self.messages else 0


def open_window(dialog: Dialog) -> Window:
    """Return the newest page of a dialog as a window."""
    page = selectors.list_messages(dialog, cursor=None, limit=PAGE_SIZE)
    messages = page.rows[::-1]
    start = messages[0].pk if messages else 0
    return Window(messages, start, version_of(messages), page.next_cursor)


def refresh_window(dialog: Dialog, *, start: int) -> Window:
    """Return the window that begins at message ``start`` as it is now."""
    newest = selectors.shown_messages(dialog).filter(pk__gte=start)
    messages = list(newest.order_by("-pk")[:MAX_WINDOW])[::-1]
    return Window(messages, start, version_of(messages))


def earlier_page(dialog: Dialog, *, cursor: str | None) -> tuple[Sequence[Message], str | None]:
    """Return the page of history at ``cursor``, oldest first, and the cursor of the one before it.

    :raises InputError: the cursor is not one of ours.
    """
    page = selectors.list_messages(dialog, cursor=cursor, limit=PAGE_SIZE)
    return page.rows[::-1], page.next_cursor


def version_of(messages: Iterable[Message]) -> str:
    """Return a short name of what these messages look like."""
    shown = ";".join(_look_of(message) for message in messages)
    return hashlib.blake2s(shown.encode(), digest_size=8).hexdigest()


def read_start(value: str | None) -> int:
    """Return the first message's id as a page of ours sent it; nothing means the very beginning.

    :raises InputError: it is not a number that a message could have.
    """
    text = value or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InputError(fields=[FieldError("from", "invalid", "from")])
    return int(text)


def _look_of(message: Message) -> str:
    states = ",".join(attachment.state for attachment in message.attachments.all())
    changes = f"{message.revision}:{message.edited_at}:{message.deleted_at}"
    return f"{message.pk}:{message.status}:{changes}:{states}"
