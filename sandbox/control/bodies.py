"""Bodies of control calls, read field by field; what nobody reads is refused."""

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Any

from aiohttp import web

Json = dict[str, Any]
_MISSING = object()


class ControlError(Exception):
    """The call cannot be done; nothing was changed. The text tells a programmer why."""

    def __init__(self, text: str, *, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


class Body:
    """A JSON object whose fields are taken one by one; ``done`` refuses what is left.

    Every reader raises ControlError where the field is missing (and has no default) or of another
    type; ``null`` counts as missing.
    """

    def __init__(self, fields: Json) -> None:
        self._fields = {name: value for name, value in fields.items() if value is not None}

    def done(self) -> None:
        if self._fields:
            raise ControlError(f"unknown field: {min(self._fields)}")

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def raw(self, name: str, default: Any = _MISSING) -> Any:
        value = self._fields.pop(name, default)
        if value is _MISSING:
            raise ControlError(f"{name} is required")
        return value

    def text(self, name: str, default: Any = _MISSING) -> Any:
        value = self.raw(name, default)
        if value is not default and (not isinstance(value, str) or not value.strip()):
            raise ControlError(f"{name} must be a non-empty string")
        return value

    def integer(self, name: str, default: Any = _MISSING, *, least: int | None = None) -> Any:
        value = self.raw(name, default)
        if value is default:
            return value
        if isinstance(value, str) and value.lstrip("-").isdecimal() and value.isascii():
            value = _integer(name, value)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 1 << 63:
            raise ControlError(f"{name} must be an integer")
        if least is not None and value < least:
            raise ControlError(f"{name} must be at least {least}")
        return value

    def number(self, name: str, default: Any = _MISSING, *, most: float = 86_400) -> Any:
        value = self.raw(name, default)
        if value is default:
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            raise ControlError(f"{name} must be a number from 0 to {most:g}")
        return value

    def flag(self, name: str, default: Any = _MISSING) -> Any:
        value = self.raw(name, default)
        if value is not default and not isinstance(value, bool):
            raise ControlError(f"{name} must be true or false")
        return value

    def one_of(self, name: str, allowed: Iterable[str], default: Any = _MISSING) -> Any:
        allowed = tuple(allowed)
        value = self.raw(name, default)
        if value is not default and value not in allowed:
            raise ControlError(f"{name} must be one of {', '.join(allowed)}")
        return value

    def mapping(self, name: str, default: Any = _MISSING) -> Any:
        value = self.raw(name, default)
        if value is not default and not isinstance(value, dict):
            raise ControlError(f"{name} must be an object")
        return value

    def items(self, name: str, default: Any = _MISSING) -> Any:
        value = self.raw(name, default)
        if value is not default and not isinstance(value, list):
            raise ControlError(f"{name} must be a list")
        return value


def _integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ControlError(f"{name} must be an integer") from None


async def read_body(request: web.Request) -> Body:
    """The body of a control call; none at all is an empty object.

    :raises ControlError: it is not a JSON object.
    """
    content = await request.read()
    try:
        fields = json.loads(content) if content.strip() else {}
    except (ValueError, RecursionError):
        raise ControlError("the body must be a JSON object") from None
    if not isinstance(fields, dict):
        raise ControlError("the body must be a JSON object")
    return Body(fields)


def media_content(name: str, value: Any, *, sample: bytes | None) -> bytes:
    """The bytes of a medium: ``"sample"`` or ``{name, content_type, base64}``.

    :raises ControlError: it is neither, or there is no sample of its kind.
    """
    if value == "sample" and sample is not None:
        return sample
    text = value.get("base64") if isinstance(value, dict) else None
    if not isinstance(text, str):
        raise ControlError(f'{name} must be "sample" or {{name, content_type, base64}}')
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ControlError(f"{name}.base64 cannot be decoded") from None
