import base64

import pytest

from launcher.layout import LaunchError
from launcher.procfile import describe_process, read_procfile
from launcher.site_environment import (
    build_environment,
    build_site_environment,
    load_dotenv,
    load_local_secrets,
    parse_settings,
)

pytestmark = pytest.mark.usefixtures("bare_environment")


def build(var_dir):
    return build_site_environment(var_dir, servers={}, port=8345, sandbox_port=8346)


def test_local_secrets_are_made_up_once_and_closed_to_others(tmp_path):
    first = load_local_secrets(tmp_path)

    assert load_local_secrets(tmp_path) == first
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600
    name, _, key = first["SECRETS_KEYS"].partition(":")
    assert name == "k1"
    assert len(base64.b64decode(key, validate=True)) == 32
    assert len(first["SECRET_KEY"]) >= 50
    other = tmp_path / "other"
    other.mkdir()
    assert load_local_secrets(other) != first


def test_a_site_talks_to_its_own_sandbox(tmp_path):
    env = build(tmp_path)

    assert env["SITE_URL"] == env["SANDBOX_SITE_URL"] == "http://127.0.0.1:8345"
    assert env["TELEGRAM_API_BASE"] == "http://127.0.0.1:8346/telegram"
    assert env["AVITO_API_BASE"] == "http://127.0.0.1:8346/avito"
    assert (env["EMAIL_HOST"], env["EMAIL_PORT"]) == ("127.0.0.1", "8348")
    assert env["DJANGO_SETTINGS_MODULE"] == "config.settings.local"
    assert env["VAR_DIR"] == str(tmp_path)


def test_settings_from_outside_win(tmp_path, monkeypatch):
    monkeypatch.setenv("AVITO_API_BASE", "https://avito.example.com")
    monkeypatch.setenv("SECRET_KEY", "mine")
    monkeypatch.setenv("SITE_URL", "")
    monkeypatch.setenv("SECRETS_KEYS_FILE", "/run/secrets/keys")

    env = build(tmp_path)

    assert env["AVITO_API_BASE"] == "https://avito.example.com"
    assert env["SECRET_KEY"] == "mine"
    assert env["SITE_URL"] == "http://127.0.0.1:8345"
    assert "SECRETS_KEYS" not in env


def test_a_command_gets_the_servers_but_no_site(tmp_path):
    env = build_environment(tmp_path, servers={"DATABASE_URL": "postgres://embedded"})

    assert env["DATABASE_URL"] == "postgres://embedded"
    assert env["SECRET_KEY"]
    assert "SITE_URL" not in env
    assert "DJANGO_SETTINGS_MODULE" not in env


def test_lines_of_a_settings_file():
    text = """\
# a comment
#OFF=1
PLAIN=a=b
export QUOTED="two words"
SINGLE='#1'
EMPTY=
not a setting
"""

    assert parse_settings(text) == {
        "PLAIN": "a=b",
        "QUOTED": "two words",
        "SINGLE": "#1",
        "EMPTY": "",
    }


def test_dotenv_fills_in_but_does_not_overrule(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "from outside")
    monkeypatch.setenv("SITE_URL", "to be removed")
    monkeypatch.delenv("SITE_URL")
    (tmp_path / ".env").write_text("SECRET_KEY=from the file\nSITE_URL=https://file.example.com\n")

    load_dotenv(tmp_path / ".env")

    env = build(tmp_path)
    assert env["SECRET_KEY"] == "from outside"
    assert env["SITE_URL"] == "https://file.example.com"


def test_a_procfile_keeps_its_order_and_gives_way_to_commands(tmp_path):
    path = tmp_path / "Procfile"
    path.write_text("# comment\nweb: serve --port $PORT\n\nbeat:  tick\n")

    commands = read_procfile(path)

    assert list(commands.items()) == [("web", "serve --port $PORT"), ("beat", "tick")]
    service = describe_process("web", commands["web"], env={"PORT": "1"})
    assert service.argv == ["/bin/sh", "-c", "exec serve --port $PORT"]


def test_a_procfile_with_a_broken_line_says_which(tmp_path):
    path = tmp_path / "Procfile"
    path.write_text("web: serve\nno command here\n")

    with pytest.raises(LaunchError, match="line 2"):
        read_procfile(path)


def test_our_own_procfile_names_every_process():
    assert sorted(read_procfile()) == ["beat", "pump", "sandbox", "web", "worker"]
