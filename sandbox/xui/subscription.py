"""The subscription listener: all links of one subId."""

import base64
import html

from aiohttp import web

from .client_formats import clash_document, json_document
from .links import links_of, usage_header
from .state import Panel
from .wire import succeeded

UPDATE_HOURS = 12
TITLE = "VPN"


# Each format is a path of its own beside the others.
FORMATS = ("sub", "json", "clash")


def answer(panel: Panel, request: web.Request, *, form: str, sub_id: str) -> web.Response:
    """What the subId opens, in the format that the path names, with the headers apps read.

    Unknown ids are 400 with a word on 2.x, and an empty 404 from 3.0.0.
    """
    if request.method not in (("GET", "HEAD") if panel.facts.guarded else ("GET",)):
        return web.Response(status=404)
    host = request.url.host or ""
    links = links_of(panel, sub_id=sub_id, host=host)
    if not links:
        is_new = panel.facts.guarded
        return web.Response(status=404) if is_new else web.Response(status=400, text="Error!")
    headers = _headers(panel, usage_header(panel, sub_id=sub_id))
    if form == "json":
        text = json_document(panel, sub_id=sub_id, host=host)
        return web.Response(text=text, headers=headers, content_type="application/json")
    if form == "clash":
        text = clash_document(panel, sub_id=sub_id, host=host)
        return web.Response(text=text, headers=headers, content_type="application/yaml")
    return _answer_links(panel, request, links, headers=headers, sub_id=sub_id)


def _answer_links(
    panel: Panel,
    request: web.Request,
    links: list[str],
    *,
    headers: dict[str, str],
    sub_id: str,
) -> web.Response:
    """The links in base64, a page for a browser, from 3.0.0 what stands behind them as JSON."""
    if _wants_page(request):
        items = "".join(f"<li>{html.escape(link)}</li>" for link in links)
        page = f"<!doctype html><title>{TITLE}</title><ul>{items}</ul>"
        return web.Response(text=page, content_type="text/html")
    if panel.facts.guarded and request.query.get("format") == "info":
        usage = headers["Subscription-Userinfo"]
        return succeeded({"subId": sub_id, "userinfo": usage, "links": links})
    text = base64.b64encode("\n".join(links).encode()).decode()
    return web.Response(text=text, headers=headers)


def _wants_page(request: web.Request) -> bool:
    asks = request.query.get("html") == "1" or request.query.get("view") == "html"
    return asks or "text/html" in request.headers.get("Accept", "")


def _headers(panel: Panel, usage: str) -> dict[str, str]:
    headers = {
        "Subscription-Userinfo": usage,
        "Profile-Update-Interval": str(UPDATE_HOURS),
        "Profile-Title": f"base64:{base64.b64encode(TITLE.encode()).decode()}",
        "Routing-Enable": "true",
    }
    return headers | ({"Hide-Settings": "1"} if panel.facts.guarded else {})
