"""``/mail``: what was mailed, as JSON or, for a browser, as a page."""

import re
from html import escape
from typing import Any

from aiohttp import web

from sandbox.core import SANDBOX

# In escaped text: an address ends before a space, a quote or a bracket.
_ADDRESS = re.compile(r"https?://(?:[^\s<>&\"']|&amp;)+")


def add_routes(app: web.Application) -> None:
    app.router.add_get("/mail", show_mail)


async def show_mail(request: web.Request) -> web.Response:
    """All mails, the latest last; ``?to=`` leaves those to one address."""
    mails = request.app[SANDBOX].world.mail
    to = request.query.get("to")
    if to is not None:
        mails = [mail for mail in mails if to in mail["to"]]
    if "text/html" in request.headers.get("Accept", ""):
        return web.Response(text=_page(mails), content_type="text/html")
    return web.json_response(mails)


def _page(mails: list[dict[str, Any]]) -> str:
    shown = "".join(_article(mail) for mail in reversed(mails))
    empty = "<p class=empty>Писем ещё нет. / No mail yet.</p>"
    return (
        "<!doctype html><html lang=ru><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'><title>Mail</title>"
        "<link rel=icon href=/static/icon.svg><link rel=stylesheet href=/static/mail.css>"
        f"<main><h1>Почта / Mail</h1>{shown or empty}</main></html>"
    )


def _article(mail: dict[str, Any]) -> str:
    people = f"{escape(mail['from'])} → {escape(', '.join(mail['to']))}"
    text = _ADDRESS.sub(r'<a href="\g<0>">\g<0></a>', escape(mail["text"] or mail["html"] or ""))
    return (
        f"<article data-testid=mail><h2>{escape(mail['subject']) or '—'}</h2>"
        f"<p class=people>{people}</p><pre>{text}</pre></article>"
    )
