"""Messages that come into being, are read or taken away, whoever does it."""

import secrets
import time
from typing import TYPE_CHECKING, Any

from .media import IMAGE_SIZES, address_of_image
from .state import Chat, Image, Message, Voice

if TYPE_CHECKING:
    from sandbox.core import Sandbox

Json = dict[str, Any]


def write(
    sandbox: "Sandbox",
    chat: Chat,
    *,
    author_id: int,
    kind: str,
    content: Json,
    quote: str | None = None,
) -> Message:
    """A new message in ``chat``; the account's webhooks hear of it."""
    message = Message(
        id=secrets.token_hex(16),
        author_id=author_id,
        created=int(time.time()),
        type=kind,
        content=content,
        quote=quote,
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


def delete(sandbox: "Sandbox", chat: Chat, message: Message) -> None:
    """``message`` stays where it was, as a deleted one; webhooks hear of it where they may."""
    message.type, message.content = "deleted", {}
    quoting = [other for other in chat.messages.values() if other.quote == message.id]
    touch(sandbox, chat, message, *quoting)
    if sandbox.world.avito.tells_deletions:
        sandbox.avito_deliveries.announce(chat, message)


def mark_read(sandbox: "Sandbox", chat: Chat) -> None:
    """The seller has read all that the buyer wrote."""
    chat.read_at = int(time.time())
    _read(sandbox, chat, [chat.messages[message_id] for message_id in chat.unread])
    chat.unread.clear()


def mark_read_by_buyer(sandbox: "Sandbox", chat: Chat) -> None:
    """The buyer has read all that the seller wrote. No webhook tells of it."""
    written = [m for m in chat.messages.values() if m.author_id == chat.user_id]
    _read(sandbox, chat, [message for message in written if message.read_at is None])


def _read(sandbox: "Sandbox", chat: Chat, messages: list[Message]) -> None:
    # Reading moves no chat in the list.
    chat.revision += 1
    for message in messages:
        message.read_at = int(time.time())
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
    """Addresses of a picture by size, the largest first."""
    return {size: address_of_image(sandbox, image_id, size) for size in IMAGE_SIZES}


def keep_voice(sandbox: "Sandbox", content: bytes, *, user_id: int) -> Voice:
    """A new voice message, its content kept for the account ``user_id``."""
    voice = Voice(id=secrets.token_hex(16), user_id=user_id, file=sandbox.files.put(content))
    sandbox.world.avito.voice_messages[voice.id] = voice
    return voice
