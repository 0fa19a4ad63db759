"""``python -m sandbox``: serve the outside world on loopback until told to stop."""

import asyncio
import logging
import os
import signal
import sys

from aiohttp import web

from .app import build_app
from .settings import Settings, SettingsError, read_settings

# Open connections get this long to end when the sandbox is told to stop.
SHUTDOWN_SECONDS = 0.2


def main() -> int:
    """Run until SIGTERM or SIGINT.

    :returns: the exit code: 0, 1 where a port is taken, 2 where the environment forbids a start.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        return _fail(str(error), code=2)
    try:
        asyncio.run(_serve(settings))
    except OSError as error:
        return _fail(str(error), code=1)
    return 0


def _fail(text: str, *, code: int) -> int:
    sys.stderr.write(f"sandbox: {text}\n")
    return code


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(build_app(settings), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    try:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", settings.port).start()
        logging.getLogger("sandbox").info("ready on http://127.0.0.1:%s", settings.port)
        await stop.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
