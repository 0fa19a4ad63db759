"""A call's parameters, read off the request and held against the method table."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any

from aiohttp import web

from .errors import bad_request
from .table import METHODS, OBJECTS, Field

Raw = dict[str, Any]

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_MISSING_TEXT = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "latitude": "latitude is empty",
    "longitude": "longitude is empty",
}


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that came with the request."""

    name: str
    content_type: str
    content: bytes


async def read_raw(request: web.Request) -> Raw:
    """The parameters as sent: query first, then a JSON, form or multipart body over it.

    :raises BotApiError: the body is of no known kind or cannot be parsed.
    """
    raw: Raw = dict(request.query)
    if request.method != "POST" or not request.body_exists:
        return raw
    if request.content_type == "application/json":
        raw.update(_json_object(await request.read()))
    elif request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        for name, value in (await request.post()).items():
            raw[name] = _form_value(value)
    elif await request.read():
        raise bad_request("unsupported content type of the request")
    return raw


def _json_object(body: bytes) -> Raw:
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise bad_request("can't parse request: expected a JSON object") from None
    if not isinstance(value, dict):
        raise bad_request("can't parse request: expected a JSON object")
    return {name: item for name, item in value.items() if item is not None}


def _form_value(value: Any) -> Any:
    if isinstance(value, web.FileField):
        return Upload(
            name=value.filename, content_type=value.content_type, content=value.file.read()
        )
    return value


def parse(method: str, raw: Raw) -> dict[str, Any]:
    """Typed parameters of ``method``; ``attach://part`` becomes the upload of that name.

    :raises BotApiError: one is missing, unknown or of the wrong type.
    """
    fields = METHODS[method]
    params: dict[str, Any] = {}
    for name, value in raw.items():
        if name in fields:
            params[name] = _with_parts(_typed(fields[name], _attached(value, raw)), raw)
        elif not isinstance(value, Upload):
            raise bad_request(f'unknown parameter "{name}"')
    for field in fields.values():
        if field.required and params.get(field.name) in (None, ""):
            _refuse_missing(method, field)
    return params


def _attached(value: Any, raw: Raw) -> Any:
    if isinstance(value, str) and value.startswith("attach://"):
        part = raw.get(value.removeprefix("attach://"))
        return part if isinstance(part, Upload) else value
    return value


def parse_object(name: str, raw: Raw) -> Raw:
    """Typed fields of the object ``name``, its uploads already in place.

    :raises BotApiError: one is missing, unknown or of the wrong type.
    """
    fields = OBJECTS[name]
    unknown = next((field for field in raw if field not in fields), None)
    if unknown is not None:
        raise bad_request(f'unknown field "{unknown}" of {name}')
    for field in fields.values():
        if field.required and not raw.get(field.name):
            raise bad_request(f"can't parse {name}: {field.name} not found")
    return {
        key: value if isinstance(value, Upload) else _typed(fields[key], value)
        for key, value in raw.items()
    }


def _with_parts(value: Any, raw: Raw) -> Any:
    """``value`` with the uploads that its objects name, as the items of an album do."""
    if isinstance(value, list):
        return [_with_parts(item, raw) for item in value]
    if isinstance(value, dict):
        return {name: _attached(item, raw) for name, item in value.items()}
    return value


def _refuse_missing(method: str, field: Field) -> None:
    # An empty address takes the webhook away, an empty caption is none: both are said by "".
    if (method, field.name) == ("setWebhook", "url"):
        return
    text = f'parameter "{field.name}" is required'
    if "InputFile" in field.types:
        text = f"there is no {field.name.replace('_', ' ')} in the request"
    raise bad_request(_MISSING_TEXT.get(field.name, text))


def _typed(field: Field, value: Any) -> Any:
    for kind in field.types:
        try:
            return _READERS.get(kind, _structure(kind))(value)
        except ValueError:
            continue
    wanted = " or ".join(field.types)
    raise bad_request(f'can\'t parse parameter "{field.name}": {wanted} expected')


def _integer(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 1 << 63:
        raise ValueError
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError
    number = float(value)
    if not isfinite(number):
        raise ValueError
    return number


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _boolean(value: Any) -> bool:
    if isinstance(value, str):
        value = {"true": True, "1": True, "false": False, "0": False}.get(value.lower())
    if not isinstance(value, bool):
        raise ValueError
    return value


def _upload(value: Any) -> Upload:
    if not isinstance(value, Upload):
        raise ValueError
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "Integer": _integer,
    "Float": _number,
    "String": _string,
    "Boolean": _boolean,
    "InputFile": _upload,
}


def _structure(kind: str) -> Callable[[Any], Any]:
    if kind.startswith("Array of "):
        element = kind.removeprefix("Array of ")
        reader = _READERS.get(element, _object)
        return lambda value: [reader(item) for item in _parsed(value, list)]
    return _object


def _object(value: Any) -> Any:
    return _parsed(value, dict)


def _parsed(value: Any, kind: type) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except RecursionError:
            raise ValueError from None
    if not isinstance(value, kind):
        raise ValueError
    return value


def journaled(params: Raw) -> Raw:
    """``params`` as JSON: an upload shows its name, type and size."""
    return {name: _described(value) for name, value in params.items()}


def _described(value: Any) -> Any:
    if isinstance(value, list):
        return [_described(item) for item in value]
    if isinstance(value, dict):
        return {name: _described(item) for name, item in value.items()}
    if isinstance(value, Upload):
        return {
            "file_name": value.name,
            "content_type": value.content_type,
            "size": len(value.content),
        }
    return value
