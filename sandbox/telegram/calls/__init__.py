"""What each method does, by subject; ``HANDLERS`` holds them by name."""

from . import albums, commands, files, messages, sending, topics, updates
from .call import Call, Handler

HANDLERS: dict[str, Handler] = {
    **albums.HANDLERS,
    **commands.HANDLERS,
    **files.HANDLERS,
    **messages.HANDLERS,
    **sending.HANDLERS,
    **topics.HANDLERS,
    **updates.HANDLERS,
}

__all__ = ["HANDLERS", "Call", "Handler"]
