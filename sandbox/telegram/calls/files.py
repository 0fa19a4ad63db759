"""Files that a bot fetches."""

import time
from typing import Any

from sandbox.telegram.errors import bad_request

from .call import Call, Handler

DOWNLOAD_BYTES = 20 * 1024 * 1024
LINK_SECONDS = 3600.0


async def get_file(call: Call) -> dict[str, Any]:
    stored = call.sandbox.world.telegram.files.get(call.params["file_id"])
    if stored is None:
        raise bad_request("invalid file_id")
    if stored.size > DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    stored.served_until = time.time() + LINK_SECONDS
    call.sandbox.changed()
    return {
        "file_id": stored.file_id,
        "file_unique_id": stored.unique_id,
        "file_size": stored.size,
        "file_path": stored.path,
    }


HANDLERS: dict[str, Handler] = {"getFile": get_file}
