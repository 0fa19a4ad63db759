"""A subscription: which body a client app gets, what is in it, and the headers it reads."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vpnconfigs.links.clash import FASTEST as CLASH_FASTEST
from vpnconfigs.links.clash import GROUP, render_clash
from vpnconfigs.links.share import LinkError, ShareLink
from vpnconfigs.links.singbox import FASTEST, SELECTOR, render_singbox
from vpnconfigs.links.titles import clean_title

# Names that the two configurations use for something else.
RESERVED = frozenset({GROUP, CLASH_FASTEST, SELECTOR, FASTEST, "direct", "DIRECT", "REJECT"})


class Format(StrEnum):
    """The bodies. The value is what ``?format=`` says."""

    BASE64 = "base64"
    PLAIN = "plain"
    SINGBOX = "sing-box"
    CLASH = "clash"


NAMES = {
    "base64": Format.BASE64,
    "v2ray": Format.BASE64,
    "plain": Format.PLAIN,
    "raw": Format.PLAIN,
    "sing-box": Format.SINGBOX,
    "singbox": Format.SINGBOX,
    "json": Format.SINGBOX,
    "clash": Format.CLASH,
    "mihomo": Format.CLASH,
    "yaml": Format.CLASH,
}
ACCEPTED = {
    "application/json": Format.SINGBOX,
    "application/yaml": Format.CLASH,
    "application/x-yaml": Format.CLASH,
    "text/yaml": Format.CLASH,
    "text/x-yaml": Format.CLASH,
}
# In this order. Hiddify names every core that it can imitate and reads lists best of all.
AGENTS = (
    ("hiddify", Format.BASE64),
    ("clash", Format.CLASH),
    ("mihomo", Format.CLASH),
    ("stash/", Format.CLASH),
    ("sing-box", Format.SINGBOX),
    ("sfa/", Format.SINGBOX),
    ("sfi/", Format.SINGBOX),
    ("sfm/", Format.SINGBOX),
    ("sft/", Format.SINGBOX),
)
CONTENT_TYPES = {
    Format.BASE64: "text/plain; charset=utf-8",
    Format.PLAIN: "text/plain; charset=utf-8",
    Format.SINGBOX: "application/json",
    Format.CLASH: "application/yaml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One config's counters, in bytes. ``total_bytes`` 0: no limit; no ``expires_at``: no end."""

    upload_bytes: int = 0
    download_bytes: int = 0
    total_bytes: int = 0
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    content: bytes
    content_type: str


def choose_format(*, query: str = "", accept: str = "", user_agent: str = "") -> Format:
    """Return the body that a request asks for: by its query, else ``Accept``, else its app.

    Whoever says nothing, or only that anything will do, gets the base64 list, which every app
    reads. Weights in ``Accept`` are not looked at: apps name one type or all.

    :raises LinkError: the query names no format; the message is fit for an answer of 400.
    """
    if query:
        try:
            return NAMES[query.lower()]
        except KeyError:
            raise LinkError(f"unknown format; known are {', '.join(sorted(NAMES))}") from None
    for kind in accept.lower().split(","):
        if found := ACCEPTED.get(kind.partition(";")[0].strip()):
            return found
    agent = user_agent.lower()
    return next((format_ for mark, format_ in AGENTS if mark in agent), Format.BASE64)


def render_body(links: Iterable[ShareLink], *, format_: Format) -> Body:
    """Return the body with all links, of however many panels, in their order.

    A link that occurs twice is told once. What a format cannot say is left out of it.
    """
    made = {str(link): link for link in links}
    match format_:
        case Format.SINGBOX:
            text = render_singbox(_named(made.values()))
        case Format.CLASH:
            text = render_clash(_named(made.values()))
        case Format.PLAIN:
            text = _lines(made)
        case Format.BASE64:
            text = base64.b64encode(_lines(made).encode()).decode()
    return Body(content=text.encode(), content_type=CONTENT_TYPES[format_])


def subscription_headers(
    usages: Sequence[Usage], *, title: str, update_hours: int, page_url: str = ""
) -> dict[str, str]:
    """Return the headers that apps read: traffic and end, when to come again, the name.

    Traffic is summed. One config without a limit makes the whole unlimited, and ends that differ
    make none: both are ``0``, as 3X-UI says it.

    :param update_hours: whole hours, at least one.
    :param page_url: where a person finds the same as a page.
    """
    limits = [usage.total_bytes for usage in usages]
    ends = {usage.expires_at for usage in usages}
    end = ends.pop() if len(ends) == 1 else None
    figures = {
        "upload": sum(usage.upload_bytes for usage in usages),
        "download": sum(usage.download_bytes for usage in usages),
        "total": sum(limits) if all(limits) else 0,
        "expire": int(end.timestamp()) if end else 0,
    }
    headers = {
        "Subscription-Userinfo": "; ".join(f"{name}={value}" for name, value in figures.items()),
        "Profile-Update-Interval": str(max(1, update_hours)),
        "Profile-Title": "base64:" + base64.b64encode(clean_title(title).encode()).decode(),
    }
    if page_url:
        headers["Profile-Web-Page-Url"] = page_url
    return headers


def _lines(links: Iterable[str]) -> str:
    return "".join(f"{link}\n" for link in links)


def _named(links: Iterable[ShareLink]) -> dict[str, ShareLink]:
    """Both configurations refuse a name that occurs twice."""
    named: dict[str, ShareLink] = {}
    for link in links:
        wanted = clean_title(link.title) or f"{link.host}:{link.port}"
        name, number = wanted, 2
        while name in named or name in RESERVED:
            name, number = f"{wanted} {number}", number + 1
        named[name] = link
    return named
