"""Messages that come into being, are read or taken away, whoever does it."""

import secrets
import time
from typing import TYPE_CHECKING, Any

from .state import Chat, Image, Message

if TYPE_CHECKING:
    from sandbox.core import Sandbox

Json = dict[str, Any]

IMAGE_SIZES = ("1280x960", "640x480", "140x105", "32x32")


def write(sandbox: "Sandbox", chat: Chat, *, author_id: int, kind: str, content: Json) -> Message:
    """A new message in ``chat``; the account's webhooks hear of it."""
    message = Message(
        id=secrets.token_hex(16),
        author_id=author_id,
        created=int(time.time()),
        type=kind,
        content=content,
    )
    chat.messages[message.id] = message
    chat.updated = message.created
    if author_id != chat.user_id:
        chat.unread.append(message.id)
    touch(sandbox, chat, message)
    sandbox.avito_deliveries.announce(chat, message)
    return message


def touch(sandbox: "Sandbox", chat: Chat, *messages: Message) -> None:
    """``messages`` of ``chat`` are new or changed: it comes first in the account's list."""
    chat.revision += 1
    for message in messages:
        message.revision = chat.revision
    chat_ids = sandbox.world.avito.accounts[chat.user_id].chat_ids
    chat_ids.pop(chat.id, None)
    chat_ids[chat.id] = True
    sandbox.changed()


def mark_read(sandbox: "Sandbox", chat: Chat) -> None:
    """The seller has read all that the buyer wrote."""
    chat.read_at = int(time.time())
    changed = [chat.messages[message_id] for message_id in chat.unread]
    for message in changed:
        message.read_at = chat.read_at
    chat.unread.clear()
    chat.revision += 1
    for message in changed:
        message.revision = chat.revision
    sandbox.changed()


def keep_image(
    sandbox: "Sandbox", content: bytes, *, content_type: str, user_id: int | None
) -> Image:
    """A new picture, its content kept; ``user_id`` is the account that may send it."""
    image = Image(
        id=f"{secrets.randbelow(90_000) + 10_000}.{secrets.token_hex(16)}",
        user_id=user_id,
        file=sandbox.files.put(content),
        content_type=content_type,
    )
    sandbox.world.avito.images[image.id] = image
    return image


def image_sizes(sandbox: "Sandbox", image_id: str) -> Json:
    """Addresses of a picture by size. The sandbox does not scale: all lead to the same file."""
    base = f"{sandbox.base_url}/avito/static/images/{image_id}"
    return {size: f"{base}/{size}" for size in IMAGE_SIZES}
