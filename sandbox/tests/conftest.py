"""A sandbox of its own per test process, a client for it, and a site that it calls."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

ROOT = Path(__file__).parent.parent.parent
BOT = "111222:a-token_for-tests"
GENEROUS = {
    "TELEGRAM_BOT_PER_SECOND": "10000",
    "TELEGRAM_CHAT_PER_SECOND": "10000",
    "TELEGRAM_GROUP_PER_MINUTE": "100000",
    "AVITO_PER_SECOND": "10000",
}


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_port():
    """A port with its second neighbour, where SMTP listens, free too."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port < 65_000 and is_free(port) and is_free(port + 2):
            return port


class Process:
    """``python -m sandbox`` with an environment of its own."""

    def __init__(self, *, var_dir, port=None, **env):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own = {"SANDBOX_PORT": str(self.port), "VAR_DIR": str(var_dir)}
        clean = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "sandbox"],
            cwd=ROOT,
            env={**clean, **own, **env},
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_ready(self):
        deadline = time.monotonic() + 20
        with requests.Session() as session:
            while time.monotonic() < deadline:
                assert self.popen.poll() is None, self.popen.stderr.read()
                try:
                    if session.get(f"{self.url}/health", timeout=1).status_code == 200:
                        return self
                except requests.ConnectionError:
                    time.sleep(0.05)
        raise AssertionError("the sandbox did not become ready")

    def stop(self):
        """The exit code after SIGTERM."""
        self.popen.send_signal(signal.SIGTERM)
        code = self.popen.wait(timeout=10)
        self.popen.stderr.close()
        return code


class World:
    """What the outside, the stage and our site would do to a sandbox."""

    def __init__(self, url):
        self.url = url
        self.http = requests.Session()

    def control(self, path, *, expect=200, **body):
        response = self.http.post(f"{self.url}/control/{path}", json=body, timeout=10)
        assert response.status_code == expect, response.text
        return response.json()

    def look(self, path, **query):
        response = self.http.get(f"{self.url}/control/{path}", params=query, timeout=10)
        assert response.status_code == 200, response.text
        return response.json()

    def chat(self, chat_id, **query):
        return self.look(f"telegram/chats/{chat_id}", **query)

    def fault(self, on, do, **options):
        return self.control("faults", on=on, do=do, **options)

    def calls(self, on="*", **query):
        return self.look("calls", on=on, **query)

    def telegram(self, method, *, token=BOT, **params):
        """The whole response of a Bot API call with a JSON body."""
        url = f"{self.url}/telegram/bot{token}/{method}"
        return self.http.post(url, json=params, timeout=10)

    def result(self, method, **params):
        response = self.telegram(method, **params)
        assert response.status_code == 200, response.text
        return response.json()["result"]

    def refusal(self, method, **params):
        """``(code, description)`` of a refused call, its shape checked."""
        response = self.telegram(method, **params)
        body = response.json()
        assert body["ok"] is False
        assert body["error_code"] == response.status_code
        return response.status_code, body["description"]

    def group(self, **options):
        options = {"title": "Sales", "bots": [BOT], "is_forum": True, **options}
        return self.control("telegram/groups", **options)["chat_id"]

    def topic(self, chat_id, name="Anna"):
        return self.result("createForumTopic", chat_id=chat_id, name=name)["message_thread_id"]


@pytest.fixture(autouse=True)
def _clean_after():
    """Nothing of the site is used here: its database and Redis need no cleaning."""


@pytest.fixture(scope="session")
def process(tmp_path_factory):
    process = Process(var_dir=tmp_path_factory.mktemp("var"), **GENEROUS).wait_ready()
    yield process
    process.stop()


@pytest.fixture
def world(process):
    """An empty world with one bot and one person, under allowances that nothing reaches."""
    world = World(process.url)
    world.control("reset")
    world.control("telegram/bots", token=BOT, username="tests_bot")
    world.control("telegram/users", id=500, first_name="Ivan", language_code="ru")
    return world


@pytest.fixture
def start(tmp_path):
    """Start further sandboxes: ``start(**env)``, each with the same VAR_DIR."""
    started = []

    def run(**env):
        started.append(Process(var_dir=tmp_path / "var", **env))
        return started[-1]

    yield run
    for process in started:
        if process.popen.poll() is None:
            process.stop()


class Site:
    """A receiver of webhooks: keeps what comes, answers what ``answers`` holds, then 200."""

    def __init__(self):
        self.received = []
        self.answers = []
        self.lock = threading.Lock()
        self.in_flight = self.most_in_flight = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                site.handle(self)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handle(self, request):
        body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        with self.lock:
            answer = self.answers.pop(0) if self.answers else {}
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        time.sleep(answer.get("seconds", 0))
        with self.lock:
            self.in_flight -= 1
            self.received.append(
                {"at": time.monotonic(), "body": body, "headers": dict(request.headers)}
            )
        content = json.dumps(answer.get("body", {})).encode()
        request.send_response(answer.get("status", 200))
        for name, value in answer.get("headers", {}).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def wait_for(self, count, *, seconds=8):
        """The first ``count`` bodies; fails where they do not come in time."""
        deadline = time.monotonic() + seconds
        while len(self.received) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.received) >= count, self.bodies
        return self.bodies[:count]

    @property
    def bodies(self):
        return [item["body"] for item in self.received]


@pytest.fixture
def site():
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


class Seller:
    """An Avito account with a bearer."""

    def __init__(self, world, *, client_id="client", client_secret="secret"):
        self.world = world
        self.client = {"client_id": client_id, "client_secret": client_secret}
        self.user_id = world.control("avito/accounts", **self.client)["user_id"]
        self.token = self.issue_token().json()["access_token"]

    def issue_token(self, **changes):
        form = {"grant_type": "client_credentials", **self.client, **changes}
        return self.world.http.post(f"{self.world.url}/avito/token", data=form, timeout=10)

    def call(self, method, path, *, token=None, **options):
        headers = {"Authorization": f"Bearer {token or self.token}"}
        url = f"{self.world.url}/avito{path}"
        return self.world.http.request(method, url, headers=headers, timeout=10, **options)

    def account(self, method, version, rest, **options):
        return self.call(method, f"/messenger/{version}/accounts/{self.user_id}{rest}", **options)

    def in_chat(self, method, version, chat_id, rest="", **options):
        return self.account(method, version, f"/chats/{quote(chat_id, safe='')}{rest}", **options)

    def new_chat(self, **options):
        options = {"item": {"title": "Sofa", "price": 5000}, "buyer": {"name": "Anna"}, **options}
        return self.world.control("avito/chats", user_id=self.user_id, **options)["chat_id"]

    def say(self, chat_id, text="Hello", **options):
        body = {"chat_id": chat_id, "type": "text", "text": text, **options}
        return self.world.control("avito/say", **body)["message_id"]

    def send(self, chat_id, text="Yes"):
        body = {"type": "text", "message": {"text": text}}
        return self.in_chat("POST", "v1", chat_id, "/messages", json=body)

    def messages(self, chat_id, **query):
        return self.in_chat("GET", "v3", chat_id, "/messages/", params=query).json()["messages"]


@pytest.fixture
def seller(world):
    return Seller(world)
