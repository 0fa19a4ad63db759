"""``/`` and its files: one page that uses only control calls."""

from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from sandbox.core import SANDBOX

STATIC = Path(__file__).parent.parent / "static"
LANGUAGES = ("ru", "en")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-src {site}"
)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/", show_stage)
    app.router.add_get("/t.me/{bot}", open_bot)
    app.router.add_static("/static", STATIC)


async def show_stage(request: web.Request) -> web.Response:
    """The page in the browser's language, or in that of ``?lang=``."""
    template = Template((STATIC / "stage.html").read_text(encoding="utf-8"))
    site = request.app[SANDBOX].settings.site_url
    page = template.substitute(lang=_language(request), site=escape(site))
    headers = {
        "Content-Security-Policy": POLICY.format(site=_origin(site)),
        "Cache-Control": "no-cache",
    }
    return web.Response(text=page, content_type="text/html", headers=headers)


def _origin(site: str) -> str:
    """The site's scheme, host and port: pages that bots open in a phone are framed from there."""
    url = urlsplit(site)
    return f"{url.scheme}://{url.netloc}"


async def open_bot(request: web.Request) -> web.Response:
    """``https://t.me/<bot>?start=<payload>``: the stage with that chat open, ready to start."""
    query = {"bot": request.match_info["bot"], "start": request.query.get("start", "")}
    raise web.HTTPFound(f"/?{urlencode(query)}")


def _language(request: web.Request) -> str:
    """``ru`` or ``en``: asked for, else what the browser likes best, else Russian."""
    asked = request.query.get("lang")
    if asked in LANGUAGES:
        return asked
    for part in request.headers.get("Accept-Language", "").split(","):
        tag = part.split(";")[0].strip().lower()[:2]
        if tag in LANGUAGES:
            return tag
    return LANGUAGES[0]
