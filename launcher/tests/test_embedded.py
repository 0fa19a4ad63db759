import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from launcher import embedded, probes
from launcher.binaries import can_reach
from launcher.embedded import KINDS, open_servers
from launcher.hosting import host_servers
from launcher.layout import ROOT, LaunchError
from launcher.tests.conftest import is_running, wait_for

SERVERS = ["postgres", "valkey"]
NOBODY = pwd.getpwnam("nobody")

SHOW_STATE = """
import pathlib, sys
from launcher.binaries import can_reach
from launcher.embedded import KINDS, open_servers
from launcher.hosting import host_servers

var_dir = pathlib.Path(sys.argv[1])
with host_servers(var_dir, is_relaxed=True):
    print(all(server.answers() for server in open_servers(var_dir)))
"""

pytestmark = pytest.mark.usefixtures("bare_environment")


@pytest.fixture
def var_dir():
    """A folder that the servers' user can reach; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="depesha-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def hosted(var_dir, *, is_relaxed=True, **options):
    """`host_servers` for the length of a block; pytest's own signal handling comes back after."""
    handlers = {
        sig: signal.getsignal(sig) for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        with host_servers(var_dir, is_relaxed=is_relaxed, **options) as running:
            yield running
    finally:
        for sig, handler in handlers.items():
            signal.signal(sig, handler)


def read_pid(var_dir, name):
    return int((var_dir / "run" / f"{name}.pid").read_text())


def ask(url, query):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()[0]


def test_data_ports_and_passwords_outlive_a_stop(var_dir):
    with hosted(var_dir) as first:
        with psycopg.connect(first.urls["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'привет' AS word")
        pids = [read_pid(var_dir, name) for name in SERVERS]
    assert not any(map(is_running, pids))

    with hosted(var_dir) as second:
        assert second.urls == first.urls
        assert ask(second.urls["DATABASE_URL"], "SELECT word FROM kept") == "привет"
        assert redis.from_url(second.urls["REDIS_URL"]).ping()


def test_nobody_gets_in_without_the_password(var_dir):
    with hosted(var_dir) as running:
        for name, error in (("DATABASE_URL", psycopg.OperationalError), ("REDIS_URL", None)):
            url = running.urls[name]
            password = url.split(":")[2].partition("@")[0]
            wrong = url.replace(password, "wrong")
            with pytest.raises(error or redis.AuthenticationError):
                psycopg.connect(wrong) if error else redis.from_url(wrong).ping()
        assert (var_dir / "servers" / "access.json").stat().st_mode & 0o077 == 0
        assert (var_dir / "servers" / "valkey" / "valkey.conf").stat().st_mode & 0o077 == 0


def test_killed_servers_are_started_again_with_what_they_knew(var_dir):
    with hosted(var_dir, is_relaxed=False) as running:
        urls, supervisor = running.urls, running.supervisor
        with psycopg.connect(urls["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS figure")
        redis.from_url(urls["REDIS_URL"]).set("kept", "7")
        time.sleep(1.1)  # Valkey's appendfsync is everysec
        pids = {name: read_pid(var_dir, name) for name in SERVERS}

        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
        supervisor.pump(lambda: not any(map(is_running, pids.values())), seconds=5)
        for name in SERVERS:
            supervisor.wait_ready(name, seconds=15)

        assert ask(urls["DATABASE_URL"], "SELECT figure FROM kept") == 7
        assert redis.from_url(urls["REDIS_URL"]).get("kept") == b"7"
        assert all(read_pid(var_dir, name) != pid for name, pid in pids.items())


def test_only_one_command_owns_a_folder_and_others_may_share(var_dir):
    with hosted(var_dir) as owner:
        with pytest.raises(LaunchError, match="Another command is running"), hosted(var_dir):
            pass
        with hosted(var_dir, may_share=True) as guest:
            assert guest.urls == owner.urls
        assert ask(owner.urls["DATABASE_URL"], "SELECT 1") == 1


@pytest.mark.parametrize(
    ("outside", "started"),
    [
        ({"DATABASE_URL": "postgres://elsewhere/db"}, "valkey"),
        ({"REDIS_HOST": "elsewhere"}, "postgres"),
    ],
)
def test_a_server_from_outside_is_used_instead(var_dir, monkeypatch, outside, started):
    for name, value in outside.items():
        monkeypatch.setenv(name, value)

    with hosted(var_dir) as running:
        assert list(running.urls) == [{kind.name: kind.setting for kind in KINDS}[started]]
        assert [file.stem for file in (var_dir / "run").glob("*.pid")] == [started]


def test_a_taken_port_is_replaced(var_dir):
    postgres, valkey = open_servers(var_dir)
    with socket.create_server(("127.0.0.1", valkey.access.port)), hosted(var_dir) as running:
        assert redis.from_url(running.urls["REDIS_URL"]).ping()
        known = json.loads((var_dir / "servers" / "access.json").read_text())
    assert known["valkey"]["port"] != valkey.access.port
    assert known["postgres"]["port"] == postgres.access.port


def test_a_server_left_behind_is_ended_before_the_next_start(var_dir):
    with hosted(var_dir):
        pass
    servers = open_servers(var_dir, is_relaxed=True)
    leftovers = []
    for server in servers:
        service = server.describe()
        user = service.user
        leftover = subprocess.Popen(
            service.argv,
            cwd="/",
            env=dict(service.env),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
        )
        (var_dir / "run" / f"{server.name}.pid").write_text(str(leftover.pid))
        leftovers.append(leftover)
    assert wait_for(lambda: all(server.answers() for server in servers))

    with hosted(var_dir) as running:
        assert not [leftover for leftover in leftovers if leftover.poll() is None]
        assert ask(running.urls["DATABASE_URL"], "SELECT 1") == 1
        assert running.urls["REDIS_URL"] == servers[1].url


def test_a_stale_file_that_names_a_living_stranger_does_no_harm(var_dir):
    with hosted(var_dir):
        pass
    with subprocess.Popen(["sleep", "600"]) as stranger:
        stale = var_dir / "servers" / "postgres" / "postmaster.pid"
        stale.write_text(f"{stranger.pid}\n{stale.parent}\n")

        with hosted(var_dir) as running:
            assert ask(running.urls["DATABASE_URL"], "SELECT 1") == 1

        assert stranger.poll() is None
        stranger.kill()


def test_data_that_was_half_made_is_made_again(var_dir):
    draft = open_servers(var_dir)[0].folder.with_suffix(".new")
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")

    with hosted(var_dir) as running:
        assert ask(running.urls["DATABASE_URL"], "SELECT current_database()") == "depesha"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_runs_the_servers_as_another_user(var_dir):
    with hosted(var_dir):
        for name in SERVERS:
            assert Path(f"/proc/{read_pid(var_dir, name)}").stat().st_uid == NOBODY.pw_uid


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_data_of_a_closed_folder_lies_outside_it(var_dir, monkeypatch, tmp_path):
    shared = var_dir / "shared"
    monkeypatch.setattr(embedded, "SHARED_FOLDER", shared)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    first = embedded.find_home(closed)

    assert first.parent == shared
    assert embedded.find_home(closed) == first
    (first / "access.json").write_text("{}")
    (closed / "servers").unlink()
    assert not list(embedded.find_home(closed).iterdir())
    assert (first.with_suffix(".old") / "access.json").exists()


def find_python_for(user):
    """A Python that this user can reach; packages are not needed."""
    for name in (sys.executable, "/usr/bin/python3"):
        python = Path(name).resolve()
        if python.exists() and can_reach(python, user) and can_reach(ROOT / "launcher", user):
            is_new = "import sys; sys.exit(sys.version_info < (3, 11))"
            if subprocess.run([python, "-c", is_new], check=False).returncode == 0:
                return str(python)
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_an_ordinary_user_runs_them_as_himself(var_dir):
    python = find_python_for(NOBODY)
    if python is None:
        pytest.skip("no Python within another user's reach")
    os.chown(var_dir, NOBODY.pw_uid, NOBODY.pw_gid)

    answer = subprocess.run(
        [python, "-B", "-c", SHOW_STATE, str(var_dir)],
        cwd=ROOT,
        env={},
        user=NOBODY.pw_uid,
        group=NOBODY.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.stderr == ""
    assert answer.stdout == "True\n"
    assert (var_dir / "servers" / "postgres").stat().st_uid == NOBODY.pw_uid


@pytest.mark.parametrize(("first_byte", "is_ready"), [(b"E", False), (b"R", True)])
def test_a_server_that_is_only_starting_is_not_ready(first_byte, is_ready):
    """PostgreSQL says `E` (the system is starting up) where it says `R` later."""

    def answer():
        connection, _ = server.accept()
        with connection:
            connection.recv(100)
            connection.sendall(first_byte)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        assert probes.postgres_answers(server.getsockname()[1], user="x") is is_ready
        thread.join()
