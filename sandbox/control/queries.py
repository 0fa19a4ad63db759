"""Query strings of control calls."""

from aiohttp import web

from .bodies import ControlError


def whole_number(request: web.Request, name: str, default: int | None = None) -> int | None:
    """The number behind ``name``, ``default`` where it is not given.

    :raises ControlError: it is none, or below zero.
    """
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ControlError(f"{name} must be a whole number")
    return int(text)
