import ast
import os
import shutil
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from launcher import bootstrap, probes
from launcher.cli import COMMANDS
from launcher.commands import check, clean, servers
from launcher.commands.test import find_browser
from launcher.layout import ROOT, FolderLock, LaunchError
from launcher.ports import SERVER_PORTS, choose_port

OLD_PYTHONS = ("python3.10", "python3.9", "python3.8", "python3.7", "python3.6")


def launch(*arguments, python=sys.executable, **settings):
    return subprocess.run(
        [python, "-m", "launcher", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def find_old_python():
    for name in OLD_PYTHONS:
        managed = sorted(Path.home().glob(f".pyenv/versions/*/bin/{name}"))
        path = managed[0] if managed else shutil.which(name)
        if path and subprocess.run([path, "-V"], capture_output=True, check=False).returncode == 0:
            return path
    return None


def test_the_way_in_parses_on_an_old_python():
    ast.parse((ROOT / "launcher" / "__main__.py").read_text(), feature_version=(3, 6))
    assert not (ROOT / "launcher" / "__init__.py").read_text().partition('"""\n')[2]


def test_an_old_python_gets_one_line():
    python = find_old_python()
    if python is None:
        pytest.skip("no Python older than 3.11 is at hand")

    answer = launch("run", python=python)

    assert answer.returncode == 1
    assert answer.stderr.startswith("Depesha needs Python 3.11 or newer; this is 3.")
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("setting", ["PORT", "SANDBOX_PORT"])
def test_a_busy_port_gets_one_line_before_anything_starts(tmp_path, setting):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        others = {"PORT": str(choose_port(set())), "SANDBOX_PORT": str(choose_port(set()))}
        answer = launch("run", **(others | {setting: str(port)}), VAR_DIR=str(tmp_path / "var"))

    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.startswith(f"Port {port} (the s")
    assert answer.stderr.endswith(f"already in use; set {setting} to another one.\n")
    assert answer.stderr.count("\n") == 1
    assert not (tmp_path / "var").exists()


def test_a_port_that_is_none_gets_one_line():
    answer = launch("run", PORT="eighty")

    assert (answer.returncode, answer.stderr) == (1, "PORT must be a port number, not 'eighty'.\n")


def test_help_names_every_command_and_a_wrong_one_fails():
    assert launch("help").returncode == 0
    wrong = launch("fly")

    assert wrong.returncode == 2
    assert all(f"  {name} " in wrong.stdout for name in COMMANDS)


def test_servers_needs_a_command():
    assert servers.split_command(["--relaxed", "--", "psql", "--", "-l"]) == (
        ["--relaxed"],
        ["psql", "--", "-l"],
    )
    for arguments in ([], ["--"], ["psql"], ["--fast", "--", "psql"]):
        with pytest.raises(LaunchError, match="Usage"):
            servers.split_command(arguments)


@pytest.mark.parametrize(
    ("script", "code"), [("exit 7", 7), ("kill -9 $$", 137), ("test $REDIS_URL = redis://mine", 0)]
)
def test_servers_passes_on_the_exit_code(tmp_path, script, code):
    outside = {"DATABASE_URL": "postgres://mine/db", "REDIS_URL": "redis://mine"}

    answer = launch("servers", "--", "sh", "-c", script, VAR_DIR=str(tmp_path), **outside)

    assert (answer.returncode, answer.stdout, answer.stderr) == (code, "", "")
    assert not (tmp_path / "servers").exists()


def test_servers_says_when_there_is_no_such_command(tmp_path):
    outside = {"DATABASE_URL": "postgres://mine/db", "REDIS_URL": "redis://mine"}

    answer = launch("servers", "--", "/no/such", VAR_DIR=str(tmp_path), **outside)

    assert answer.returncode == 1
    assert answer.stderr == "/no/such cannot be run: No such file or directory.\n"


def test_ports_of_servers_are_free_and_distinct():
    with socket.socket() as holder:
        taken = choose_port(set())
        holder.bind(("127.0.0.1", taken))

        chosen = {choose_port({taken}) for _ in range(20)}

    assert taken not in chosen
    assert chosen <= set(SERVER_PORTS)


class Probed(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ready" else 503)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_only_200_means_ready():
    with HTTPServer(("127.0.0.1", 0), Probed) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_port
        assert probes.http_answers("127.0.0.1", port, "/ready")
        assert not probes.http_answers("127.0.0.1", port, "/starting")
        server.shutdown()
    assert not probes.http_answers("127.0.0.1", port, "/ready")


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """A virtual environment on paper: one package of the lock is installed, one is optional."""
    site_packages = tmp_path / "lib" / "python3.11" / "site-packages"
    info = site_packages / "Some_Package-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: Some_Package\nVersion: 1.2\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    lock = tmp_path / "requirements.txt"
    lock.write_text("some-package==1.2 \\\n    --hash=x\nother==3 ; sys_platform == 'win32' \\\n")
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV_PYTHON", tmp_path / "bin" / "python")
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", lock)
    monkeypatch.setattr(bootstrap, "find_site_packages", lambda: site_packages)
    monkeypatch.setattr(bootstrap, "install_requirements", lambda: calls.append("pip"))
    calls = []
    return lock, calls


def test_what_is_installed_already_is_not_installed_again(environment):
    _, calls = environment

    bootstrap.ensure_environment()

    assert bootstrap.is_up_to_date()
    assert calls == []


def test_a_changed_lock_is_installed_once(environment):
    lock, calls = environment
    bootstrap.ensure_environment()
    lock.write_text("some-package==1.3 \\\n    --hash=x\n")
    assert not bootstrap.is_up_to_date()

    bootstrap.ensure_environment()
    bootstrap.ensure_environment()

    assert calls == ["pip"]


def test_a_lock_that_cannot_be_installed_fails_with_pips_words(tmp_path, monkeypatch, capsys):
    lock = tmp_path / "requirements.txt"
    lock.write_text("no-such-package==1 \\\n    --hash=sha256:" + "0" * 64 + "\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", lock)

    with pytest.raises(LaunchError, match="pip could not install"):
        bootstrap.install_requirements()

    assert "no-such-package==1" in capsys.readouterr().out


def test_clean_keeps_the_data_and_refuses_while_in_use(tmp_path, monkeypatch):
    project, var_dir = tmp_path / "project", tmp_path / "var"
    for folder in (project / ".venv", project / "app" / "__pycache__", var_dir / "test" / "run"):
        folder.mkdir(parents=True)
    (var_dir / "secrets.env").touch()
    monkeypatch.setattr(clean, "ROOT", project)
    monkeypatch.setattr(clean, "VENV", project / ".venv")
    monkeypatch.setenv("VAR_DIR", str(var_dir))
    lock = FolderLock(var_dir / "test" / "run")
    assert lock.take()
    with pytest.raises(LaunchError, match="A command is running"):
        clean.run([])
    assert (project / ".venv").exists()
    lock.release()

    clean.run([])

    assert [path.name for path in var_dir.iterdir()] == ["secrets.env"]
    assert [path.name for path in project.iterdir()] == ["app"]
    assert not list((project / "app").iterdir())
    clean.run(["--all"])
    assert not var_dir.exists()


def test_checks_all_run_even_when_one_fails(monkeypatch, capsys):
    results = {"bad": ("sh", "-c", "echo the reason; exit 3"), "good": ("true",)}
    monkeypatch.setattr(check, "CHECKS", results)
    monkeypatch.setattr(check, "ensure_environment", lambda: None)

    assert check.run([]) == 1
    assert check.run(["good"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert "the reason" in lines
    assert sum("FAILED" in line for line in lines) == 1
    assert sum("good" in line and " s" in line for line in lines) == 2
    with pytest.raises(LaunchError, match="No such check: ugly"):
        check.run(["ugly"])


def test_a_browser_is_found_by_setting_then_by_name(tmp_path, monkeypatch):
    for name in ("chromium", "mine"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "mine"))
    assert Path(find_browser()).name == "mine"

    monkeypatch.delenv("CHROMIUM")
    assert Path(find_browser()).name == "chromium"

    (tmp_path / "chromium").unlink()
    monkeypatch.setattr("launcher.commands.test.BROWSERS", ("chromium",))
    assert find_browser() is None
