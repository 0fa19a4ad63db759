"""The part of a share link that names the way: path, host, service, header, XHTTP's options."""

import json
import re
from collections.abc import Mapping
from typing import Any

# What only the server reads, and what has a parameter of its own.
NOT_EXTRA = frozenset(
    {"path", "host", "mode", "extra", "noSSEHeader", "scMaxBufferedPosts", "scStreamUpServerSecs"}
)
EARLY_DATA = re.compile(r"ed=(\d{1,5})")
EARLY_DATA_HEADER = "Sec-WebSocket-Protocol"
SETTINGS_NAMES = {"raw": "rawSettings", "splithttp": "splithttpSettings"}

Tree = Mapping[str, Any]


def transport_params(stream: Tree, *, network: str, written: str) -> dict[str, str]:
    """Return the link's parameters of a transport; some may be empty.

    :param network: the transport's present name.
    :param written: its name in this inbound: ``raw`` and ``splithttp`` have settings of their own
        name, or of the present one.
    """
    settings = stream.get(SETTINGS_NAMES.get(written, "")) or stream.get(f"{network}Settings")
    tree: Tree = settings if isinstance(settings, Mapping) else {}
    match network:
        case "tcp":
            return _tcp(tree)
        case "grpc":
            return _grpc(tree)
        case "xhttp":
            return _path_and_host(tree) | _xhttp(tree)
        case _:
            return _path_and_host(tree)


def split_early_data(path: str) -> tuple[str, int]:
    """Return a WebSocket's path and its bytes of early data (0: none).

    Xray hides the length in the path's query (``/way?ed=2048``); other clients have a field.
    """
    bare, _, query = path.partition("?")
    parts = query.split("&") if query else []
    early = next((int(found[1]) for part in parts if (found := EARLY_DATA.fullmatch(part))), 0)
    others = "&".join(part for part in parts if not EARLY_DATA.fullmatch(part))
    return (f"{bare}?{others}" if others else bare) or "/", early


def _tcp(settings: Tree) -> dict[str, str]:
    header = _mapping(settings.get("header"))
    if header.get("type") != "http":
        return {}
    request = _mapping(header.get("request"))
    return {
        "headerType": "http",
        "path": _first(request.get("path")) or "/",
        "host": _host_header(request.get("headers")),
    }


def _grpc(settings: Tree) -> dict[str, str]:
    return {
        "serviceName": _first(settings.get("serviceName")),
        "authority": _first(settings.get("authority")),
        "mode": "multi" if settings.get("multiMode") is True else "",
    }


def _path_and_host(settings: Tree) -> dict[str, str]:
    return {
        "path": _first(settings.get("path")) or "/",
        "host": _first(settings.get("host")) or _host_header(settings.get("headers")),
    }


def _xhttp(settings: Tree) -> dict[str, str]:
    extra = {**settings, **_mapping(settings.get("extra"))}
    extra = {name: value for name, value in extra.items() if name not in NOT_EXTRA and value}
    headers = _mapping(extra.pop("headers", None))
    others = {name: value for name, value in headers.items() if name.lower() != "host"}
    if others:
        extra["headers"] = others
    return {
        "mode": _first(settings.get("mode")) or "auto",
        "extra": json.dumps(extra, sort_keys=True, separators=(",", ":")) if extra else "",
        # Clients that know no `extra` read the padding under this name.
        "x_padding_bytes": _first(extra.get("xPaddingBytes")),
    }


def _host_header(headers: object) -> str:
    for name, value in _mapping(headers).items():
        if name.lower() == "host":
            return _first(value)
    return ""


def _mapping(value: object) -> Tree:
    return value if isinstance(value, Mapping) else {}


def _first(value: object) -> str:
    """The panel writes some fields as a text or as a list of texts; a link has room for one."""
    if isinstance(value, list):
        value = next(iter(value), "")
    return value if isinstance(value, str) else ""
