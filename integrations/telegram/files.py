"""Contents on their way through a bot: uploaded from our storage, fetched into it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.db import connection
from telegram import InputFile

from integrations.services.files import keep_image, read_file
from integrations.telegram.client import CallingBot

P = ParamSpec("P")
R = TypeVar("R")

FETCH_IMAGE = "fetchImage"
# What a bot may fetch of Telegram's files (Bot API, getFile).
MOST_BYTES = 20 * 1024 * 1024
_NAMES = {"image/jpeg": "picture.jpg", "audio/ogg": "voice.ogg"}


async def with_contents(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's parameters with the contents of the files that they name.

    :raises FileGoneError: one of them is no longer there.
    """
    return {name: await _content(value) for name, value in params.items()}


async def fetch_image(bot: CallingBot, params: Mapping[str, Any]) -> dict[str, str]:
    """Fetch a picture of Telegram's and keep it; return ``{stored_file}``.

    :raises BadImageError: it is no picture that can be read.
    :raises TelegramError: see ``integrations.telegram.errors.outcome_of``.
    """
    file = await bot.call("getFile", {"file_id": params["file_id"]})
    content = await bot.download(file["file_path"], most=MOST_BYTES)
    organization_id = UUID(params["organization_id"])
    stored = await _in_thread(keep_image, organization_id=organization_id, content=content)
    return {"stored_file": str(stored.pk)}


async def _content(value: Any) -> Any:
    if isinstance(value, bytes):
        return InputFile(value, filename="picture.png")
    if not isinstance(value, Mapping) or "stored_file" not in value:
        return value
    stored, content = await _in_thread(read_file, value["stored_file"])
    return InputFile(content, filename=_NAMES.get(stored.content_type, "file"))


async def _in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run what asks the database beside the loop, in a thread that keeps no connection."""

    def work() -> R:
        try:
            return function(*args, **kwargs)
        finally:
            connection.close()

    return await asyncio.to_thread(work)
