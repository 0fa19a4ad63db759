"""Live frames: what happened, told to whoever has the room open. Published after commit.

Every frame is kept for a day in its room's stream, so a client that was away resumes by the id
of its last frame. A frame is a bell too: a page that missed it shows the same after a reload.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from config.lib.redis import RedisError, get_redis
from config.lib.registry import Registry

logger = logging.getLogger(__name__)

CHANNEL = "live"
KEPT_FRAMES = 500
KEPT_SECONDS = 86_400
_ID = re.compile(r"\d+-\d+")

# One call, so that a room's frames reach the channel in the order of their ids.
_PUBLISH = """
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'frame', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[4], '{"id":"' .. id .. '",' .. string.sub(ARGV[1], 2))
return id
"""

MayJoin = Callable[[Any, str], bool]

_rooms: Registry[MayJoin] = Registry("room prefix")


@dataclass(frozen=True, slots=True)
class Frame:
    """Something that happened in a room. ``id`` orders the frames of one room."""

    id: str
    event: str
    room: str
    data: Any


def register_room(prefix: str, may_join: MayJoin) -> None:
    """Open the rooms ``<prefix>:<id>``, and ``<prefix>`` itself with an empty id.

    :param may_join: ``may_join(user, room_id)`` says whether this person may listen.
    """
    _rooms.register(prefix, may_join)


def may_join(user: Any, room: str) -> bool:
    """Say whether ``user`` may listen to ``room``; nobody may to a room that nobody opened."""
    prefix, _, room_id = room.partition(":")
    rule = _rooms.find(prefix)
    return rule is not None and rule(user, room_id)


def publish_on_commit(room: str, event: str, data: Mapping[str, object]) -> None:
    """Tell ``room`` once the open transaction commits. A Redis that fails is logged, never raised.

    :param data: JSON types, dates, UUIDs and decimals, taken as they are now.
    """
    frame = json.dumps(
        {"event": event, "room": room, "data": data}, cls=DjangoJSONEncoder, ensure_ascii=False
    )
    transaction.on_commit(lambda: _publish(room, frame))


def frames_after(room: str, last_id: str, limit: int = 100) -> list[Frame] | None:
    """Return what happened in ``room`` after the frame ``last_id``, oldest first.

    :returns: ``None`` when the gap cannot be filled: the frame is no longer kept, more than
        ``limit`` followed it, or Redis is gone. The client then reads the page anew.
    """
    if not _ID.fullmatch(last_id):
        return None
    try:
        entries = get_redis().xrange(_stream(room), min=last_id, count=limit + 2)
    except RedisError as error:
        logger.warning("frames not read", extra={"room": room, "error": str(error)})
        return None
    # The stream is cut at its old end only: where the last frame is, all later ones are.
    if not entries or entries[0][0] != last_id or len(entries) > limit + 1:
        return None
    return [_frame(str(frame_id), fields or {}) for frame_id, fields in entries[1:]]


def _frame(frame_id: str, fields: Mapping[Any, Any]) -> Frame:
    return Frame(id=frame_id, **json.loads(fields["frame"]))


def _publish(room: str, frame: str) -> None:
    try:
        get_redis().eval(
            _PUBLISH, 1, _stream(room), frame, str(KEPT_FRAMES), str(KEPT_SECONDS), CHANNEL
        )
    except RedisError as error:
        logger.warning("frame not published", extra={"room": room, "error": str(error)})


def _stream(room: str) -> str:
    return f"live:{room}"
