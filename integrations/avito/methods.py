"""What the channel "avito" can be asked to do, by name."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from config.lib.http import PermanentError
from integrations.avito import downloads
from integrations.avito.client import SYSTEM, AvitoClient
from integrations.media.images import BadImageError
from integrations.media.voices import BadVoiceError
from integrations.services.files import FileGoneError, keep_image, keep_voice, read_file

Params = Mapping[str, Any]

# The calls that a person on the other side sees: never made twice blindly.
WRITES = frozenset({"send_text", "send_image"})


# The calls that the API's allowance does not know: pictures lie on other hosts.
FREE = frozenset({"fetch_image"})


def _upload_image(client: AvitoClient, params: Params) -> Any:
    try:
        stored, content = read_file(params["stored_file"])
    except FileGoneError:
        raise PermanentError(SYSTEM, status=0, code="file_gone", text="") from None
    return {"image_id": client.upload_image(content, content_type=stored.content_type)}


def _fetch_image(client: AvitoClient, params: Params) -> Any:
    try:
        stored = keep_image(
            organization_id=UUID(params["organization_id"]),
            content=downloads.fetch(params["url"]),
        )
    except BadImageError as error:
        raise PermanentError(SYSTEM, status=0, code="bad_image", text=str(error)) from None
    return {"stored_file": str(stored.pk)}


def _fetch_voice(client: AvitoClient, params: Params) -> Any:
    try:
        stored = keep_voice(
            organization_id=UUID(params["organization_id"]),
            content=downloads.fetch_voice(client, params["voice_id"]),
        )
    except BadVoiceError as error:
        raise PermanentError(SYSTEM, status=0, code="bad_voice", text=str(error)) from None
    return {"stored_file": str(stored.pk)}


METHODS: Mapping[str, Callable[[AvitoClient, Params], Any]] = {
    "send_text": lambda client, params: client.send_text(params["chat_id"], params["text"]),
    "upload_image": _upload_image,
    "send_image": lambda client, params: client.send_image(params["chat_id"], params["image_id"]),
    "delete_message": lambda client, params: client.delete_message(
        params["chat_id"], params["message_id"]
    ),
    "mark_read": lambda client, params: client.mark_read(params["chat_id"]),
    "get_chat": lambda client, params: client.get_chat(params["chat_id"]),
    "list_messages": lambda client, params: client.list_messages(
        params["chat_id"], limit=params["limit"]
    ),
    "fetch_image": _fetch_image,
    "fetch_voice": _fetch_voice,
    "ban": lambda client, params: client.ban(
        params["user_id"], item_id=params.get("item_id"), reason=params["reason"]
    ),
}
