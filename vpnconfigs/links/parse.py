"""Reading share links: those we made, and those that a person pastes from elsewhere."""

import base64
import binascii
import json
import re
from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl, unquote

from vpnconfigs.links.share import NETWORK_ALIASES, PROTOCOLS, LinkError, ShareLink

# Links with a post-quantum key (`pqv`, `encryption`) run to four thousand characters.
MOST_CHARACTERS = 16_384
MOST_BODY_CHARACTERS = 1_000_000
SHAPE = re.compile(
    r"""(?P<protocol>[a-z]+)://(?P<authority>[^?\#]*)
        (?:\?(?P<query>[^\#]*))?(?:\#(?P<title>.*))?""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
# Each client draws its own `spx`, and `x_padding_bytes` says again what stands in `extra`: two
# links that differ in these alone are the same way in.
NEVER_COMPARED = frozenset({"spx", "x_padding_bytes"})


def parse_link(text: str) -> ShareLink:
    """Return a pasted link, with the usual names and defaults filled in.

    Reads what 3X-UI 2.x writes as well: a bare IPv6 address, a TROJAN password with ``@`` or
    ``/`` in it, ``+`` for a space in the query.

    :raises LinkError: not a VLESS or TROJAN link, no secret, host or port, or a field repeated.
    """
    text = text.strip()
    if len(text) > MOST_CHARACTERS:
        raise LinkError("the link is too long")
    shape = SHAPE.fullmatch(text)
    if shape is None or shape["protocol"].lower() not in PROTOCOLS:
        raise LinkError("neither a VLESS nor a TROJAN link")
    protocol = shape["protocol"].lower()
    secret, host, port = _authority(shape["authority"])
    return ShareLink(
        protocol=protocol,
        secret=secret,
        host=host,
        port=port,
        params=_params(shape["query"] or "", protocol=protocol),
        title=_unquote(shape["title"] or ""),
    )


def parse_links(body: str) -> tuple[ShareLink, ...]:
    """Return the links of a subscription's body, plain or base64; other schemes are passed over.

    :raises LinkError: the body is neither, or one of its VLESS and TROJAN links is broken.
    """
    if len(body) > MOST_BODY_CHARACTERS:
        raise LinkError("the subscription is too long")
    text = body if "://" in body else _decode(body)
    lines = (line.strip() for line in re.split("[\r\n]", text))
    ours = tuple(f"{protocol}://" for protocol in PROTOCOLS)
    return tuple(parse_link(line) for line in lines if line.lower().startswith(ours))


def differing(
    link: ShareLink,
    other: ShareLink,
    *,
    one_of: Mapping[str, Collection[str]] | None = None,
) -> frozenset[str]:
    """Return the names of what differs in where two links lead, titles and order aside.

    :param one_of: by parameter, values that stand for each other (``share.drawn_by_lot``).
    """
    fields = ("protocol", "secret", "port")
    found = {name for name in fields if getattr(link, name) != getattr(other, name)}
    if link.host.lower() != other.host.lower():
        found.add("host")
    for name in (link.params.keys() | other.params.keys()) - NEVER_COMPARED:
        ours, theirs = link.params.get(name, ""), other.params.get(name, "")
        same = _same_extra(ours, theirs) if name == "extra" else ours == theirs
        if not same and not {ours, theirs} <= set((one_of or {}).get(name, ())):
            found.add(name)
    return frozenset(found)


def _authority(authority: str) -> tuple[str, str, int]:
    userinfo, at, address = authority.rpartition("@")
    host, colon, port = address.rstrip("/").rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (at and userinfo and colon and host):
        raise LinkError("the link has no secret, host or port")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise LinkError("the link's port is not a number")
    return _unquote(userinfo), host, int(port)


def _params(query: str, *, protocol: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, errors="strict", max_num_fields=64)
    except ValueError as error:
        raise LinkError("the link's parameters cannot be read") from error
    given = dict(pairs)
    if len(given) != len(pairs):
        raise LinkError("a parameter of the link is repeated")
    network = given.get("type", "tcp")
    given["type"] = NETWORK_ALIASES.get(network, network)
    given.setdefault("security", "none" if protocol == "vless" else "tls")
    return _without_defaults(_with_defaults(given, protocol=protocol))


def _with_defaults(params: dict[str, str], *, protocol: str) -> dict[str, str]:
    if protocol == "vless":
        params.setdefault("encryption", "none")
    if params["type"] in ("ws", "httpupgrade", "xhttp") or params.get("headerType") == "http":
        params.setdefault("path", "/")
    if params["type"] == "xhttp":
        params.setdefault("mode", "auto")
    return params


def _without_defaults(params: dict[str, str]) -> dict[str, str]:
    """What clients write out and 3X-UI leaves away."""
    idle = {"headerType": "none"}
    if params["type"] == "grpc":
        idle["mode"] = "gun"
    return {name: value for name, value in params.items() if idle.get(name) != value}


def _same_extra(extra: str, other: str) -> bool:
    try:
        return bool(json.loads(extra or "{}") == json.loads(other or "{}"))
    except ValueError:
        return extra == other


def _unquote(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise LinkError("the link is not in UTF-8") from error


def _decode(body: str) -> str:
    packed = "".join(body.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise LinkError("the subscription is neither a list of links nor base64") from error
