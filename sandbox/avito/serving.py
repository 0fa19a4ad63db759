"""Pictures and voices on the wire: without a bearer, as on Avito's media hosts."""

import asyncio

from aiohttp import web

from sandbox.core import SANDBOX

from . import media
from .errors import AvitoError

CACHE_SECONDS = 3600


def add_routes(app: web.Application) -> None:
    app.router.add_get("/avito/static/images/{image_id}/{size}", serve_image)
    app.router.add_get("/avito/static/voices/{voice_id}.mp4", serve_voice)


async def serve_image(request: web.Request) -> web.Response:
    """The picture of an item, an upload or a buyer's message, within the size asked for."""
    image_id, size = request.match_info["image_id"], request.match_info["size"]
    found = None
    if size in media.IMAGE_SIZES:
        found = media.image_content(request.app[SANDBOX], image_id)
    if found is None:
        return _refused(404, "Not found")
    content, content_type = await asyncio.to_thread(media.fit_image, *found, size)
    headers = {"Cache-Control": f"max-age={CACHE_SECONDS}"}
    return web.Response(body=content, content_type=content_type, headers=headers)


async def serve_voice(request: web.Request) -> web.Response:
    """Opus in an MP4 for a link that is still good; 403 for any other, 404 for no such voice."""
    sandbox, voice_id = request.app[SANDBOX], request.match_info["voice_id"]
    signed = {name: request.query.get(name, "") for name in ("expires", "signature")}
    if not media.check_voice_link(sandbox, voice_id, **signed):
        return _refused(403, "Forbidden")
    content = media.voice_content(sandbox, voice_id)
    if content is None:
        return _refused(404, "Not found")
    return web.Response(body=content, content_type="audio/mp4")


def _refused(code: int, message: str) -> web.Response:
    return web.json_response(AvitoError(code, message).as_json(), status=code)
