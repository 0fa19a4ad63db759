"""What the tests of the ground share: an empty Redis, one that is gone, and a server to call."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from config.lib import ratelimit
from config.lib.redis import get_redis

GONE = "redis://127.0.0.1:1/0"


@pytest.fixture
def redis():
    get_redis().flushdb()
    yield get_redis()
    get_redis().flushdb()


@pytest.fixture
def redis_gone(settings):
    """Point the site at a closed port: nothing answers there."""
    settings.REDIS_URL = GONE
    settings.RATE_LIMIT_REDIS_URL = GONE
    return GONE


@pytest.fixture
def limits(redis, settings):
    """Switch the rate limits on, with nothing counted yet."""
    settings.RATE_LIMIT_ENABLED = True
    settings.DEFAULT_REQUESTS_PER_MINUTE = 1000
    ratelimit.tally.forget()
    return settings


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        self.server.seen.append((self.command, self.path, dict(self.headers), self.body))
        self.server.play(self)

    do_GET = do_POST = do_PUT = answer  # noqa: N815 - the names that http.server calls

    def reply(self, status=200, body=b"{}", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self):
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_):
        pass


@pytest.fixture
def outside():
    """A server on a real socket; ``outside.play = lambda call: call.reply()`` is its part."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.seen = []
    server.play = lambda call: call.reply()
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
