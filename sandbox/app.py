"""The web application: every stand-in's routes on one world."""

from collections.abc import AsyncIterator

from aiohttp import web

from .avito.routes import add_routes as add_avito
from .control.routes import add_routes as add_control
from .core import SANDBOX, Sandbox
from .mail.routes import add_routes as add_mail
from .mail.smtp import SmtpServer
from .oidc.routes import add_routes as add_oidc
from .settings import Settings
from .stage.routes import add_routes as add_stage
from .telegram.routes import add_routes as add_telegram
from .xui.routes import add_routes as add_xui
from .yandex.routes import add_routes as add_yandex

BODY_BYTES = 60 * 1024 * 1024

# A further stand-in is a folder of its own with ``add_routes``, its state in ``World``.
STAND_INS = (
    add_telegram,
    add_avito,
    add_xui,
    add_yandex,
    add_mail,
    add_oidc,
    add_control,
    add_stage,
)


def build_app(settings: Settings) -> web.Application:
    """The application, ready to be served."""
    app = web.Application(client_max_size=BODY_BYTES)

    async def live(app: web.Application) -> AsyncIterator[None]:
        sandbox = app[SANDBOX] = Sandbox(settings)
        smtp = SmtpServer(sandbox)
        try:
            await smtp.start()
            sandbox.start()
            yield
        finally:
            await smtp.close()
            await sandbox.close()

    app.cleanup_ctx.append(live)
    app.router.add_get("/health", _health)
    for add_routes in STAND_INS:
        add_routes(app)
    return app


async def _health(request: web.Request) -> web.Response:
    return web.json_response({"ok": True})
