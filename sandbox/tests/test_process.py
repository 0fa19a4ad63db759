"""The process: starting, stopping, and what survives it."""

import json
import signal
import socket
import time
from pathlib import Path

import pytest
import requests

from .conftest import BOT, GENEROUS, Seller, World, free_port


def test_it_refuses_production(start):
    process = start(DJANGO_SETTINGS_MODULE="config.settings.production")
    assert process.popen.wait(timeout=10) == 2
    lines = process.popen.stderr.read().strip().splitlines()
    assert lines == ["sandbox: the sandbox does not start with config.settings.production"]


@pytest.mark.parametrize(
    ("name", "value"), [("AVITO_PER_SECOND", "fast"), ("TELEGRAM_CHAT_PER_SECOND", "0")]
)
def test_a_wrong_setting_is_named(start, name, value):
    process = start(**{name: value})
    assert process.popen.wait(timeout=10) == 2
    (line,) = process.popen.stderr.read().strip().splitlines()
    assert name in line


@pytest.mark.parametrize("offset", [0, 2])
def test_a_taken_port_gives_one_line(start, offset):
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + offset))
        taken.listen()
        process = start(port=port)
        assert process.popen.wait(timeout=10) == 1
    lines = process.popen.stderr.read().strip().splitlines()
    assert len([line for line in lines if line.startswith("sandbox:")]) == 1
    assert "Traceback" not in "\n".join(lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_whatever_hangs(start, number):
    process = start().wait_ready()
    world = World(process.url)
    world.control("telegram/bots", token=BOT, username="tests_bot")
    world.fault("telegram.getMe", "timeout_before")
    with pytest.raises(requests.ReadTimeout):
        world.http.get(f"{process.url}/telegram/bot{BOT}/getMe", timeout=0.2)
    with socket.create_connection(("127.0.0.1", process.port + 2)):
        started = time.monotonic()
        process.popen.send_signal(number)
        assert process.popen.wait(timeout=5) == 0
        # A second on an idle machine; the rest is for one that runs other tests beside this.
        assert time.monotonic() - started < 3


def test_it_listens_on_loopback_only(start):
    process = start().wait_ready()
    table = Path("/proc/net/tcp")
    if not table.exists():
        pytest.skip("this system has no /proc/net/tcp")
    rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]
    listening = [row[1].split(":") for row in rows if row[3] == "0A"]
    for port in (process.port, process.port + 2):
        assert {address for address, own in listening if own == f"{port:04X}"} == {"0100007F"}


def test_a_second_start_finds_the_same_world(start, site, tmp_path):
    first = start(**GENEROUS).wait_ready()
    world = World(first.url)
    world.control("telegram/bots", token=BOT, username="tests_bot")
    world.control("telegram/users", id=500, first_name="Ivan")
    group = world.group()
    thread = world.topic(group)
    world.result("sendMessage", chat_id=group, text="kept", message_thread_id=thread)
    world.result("getUpdates", offset=2**40)
    seller = Seller(world)
    chat = seller.new_chat()
    seller.say(chat, "hello")
    world.result("setWebhook", url="http://127.0.0.1:9/closed", secret_token="s")
    world.control("telegram/say", bot=BOT, chat_id=500, user=500, text="waits")
    seq, before = world.calls()[-1]["seq"], world.chat(group)
    assert first.stop() == 0

    again = World(start(**GENEROUS).wait_ready().url)
    assert again.chat(group) == before
    assert again.result("getWebhookInfo")["pending_update_count"] == 1
    seller.world = again
    assert [m["content"]["text"] for m in seller.messages(chat)] == ["hello"]
    assert again.calls()[0]["seq"] > seq
    again.result("sendMessage", chat_id=group, text="more", message_thread_id=thread)
    again.result("setWebhook", url=site.url)
    assert site.wait_for(1)[0]["message"]["text"] == "waits"


def test_the_snapshot_follows_without_a_stop(start, tmp_path):
    process = start().wait_ready()
    World(process.url).control("telegram/users", id=500, first_name="Ivan")
    path = tmp_path / "var" / "sandbox.json"
    deadline = time.monotonic() + 5
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert saved["telegram"]["users"]["500"]["first_name"] == "Ivan"
    process.popen.kill()
    process.popen.wait(timeout=5)
    world = World(start().wait_ready().url)
    assert world.look("state")["telegram"]["users"][0]["id"] == 500


def test_a_damaged_snapshot_is_an_empty_world(start, tmp_path):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "sandbox.json").write_text("{not json", encoding="utf-8")
    world = World(start().wait_ready().url)
    assert world.look("state")["telegram"]["bots"] == []
